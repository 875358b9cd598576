printf 'pear\napple\n' | sort >sorted
printf 'apple\npear\n' | cmp - sorted
