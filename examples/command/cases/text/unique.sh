test "$(printf 'a\na\nb\n' | uniq | wc -l)" -eq 2
