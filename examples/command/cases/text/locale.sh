locale -a 2>/dev/null | grep -qi '^xx_XX' || {
    echo 'no locale xx_XX on this machine'
    exit 77
}
