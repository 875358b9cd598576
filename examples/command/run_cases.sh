#!/bin/sh
# run_cases.sh RESULT_FILE ID…: runs each case in an empty folder of its own and writes JUnit.
# A case passes with exit status 0, is skipped with 77, and fails with any other.
set -u
cases=$(cd "$(dirname "$0")/cases" && pwd)
result=$1
shift
case $result in /*) ;; *) result=$PWD/$result ;; esac

xml_escape() {
    # Control characters cannot be written in XML at all.
    LC_ALL=C tr -d '\000-\010\013\014\016-\037' |
        sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g'
}

# Where date(1) knows of no fractions, whole seconds.
now() { date +%s.%N | tr -d '%N'; }

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0
{
    echo '<?xml version="1.0" encoding="UTF-8"?>'
    echo '<testsuites><testsuite name="cases">'
} >"$work/junit.xml"

for id in "$@"; do
    mkdir "$work/case"
    begin=$(now)
    (cd "$work/case" && sh -eu "$cases/$id.sh") >"$work/output" 2>&1
    status=$?
    end=$(now)
    rm -rf "$work/case"
    printf '%s: exit status %d\n' "$id" "$status"
    cat "$work/output"
    {
        printf '<testcase name="%s" time="%s">' "$(printf %s "$id" | xml_escape)" \
            "$(LC_ALL=C awk "BEGIN { print $end - $begin }")"
        case $status in
            0) ;;
            77) printf '<skipped/>' ;;
            *)
                failed=1
                printf '<failure message="exit status %d"/>' "$status"
                ;;
        esac
        printf '<system-out>'
        xml_escape <"$work/output"
        printf '</system-out></testcase>\n'
    } >>"$work/junit.xml"
done

echo '</testsuite></testsuites>' >>"$work/junit.xml"
mkdir -p "$(dirname "$result")" && mv "$work/junit.xml" "$result" || exit 2
exit "$failed"
