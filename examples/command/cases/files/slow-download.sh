sleep 1.5
test ! -e download
