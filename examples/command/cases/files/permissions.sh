: >secret
chmod 600 secret
test "$(stat -c %a secret)" = 600
