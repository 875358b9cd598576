test "$(echo 'one two  three' | wc -w)" -eq 3
