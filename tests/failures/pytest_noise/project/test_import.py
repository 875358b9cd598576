import sys


def test_rows_are_imported():
    for row in range(250_000):
        print(f"imported row {row} of 250000 from the nightly dump")
    print("the last page is truncated", file=sys.stderr)
    assert row == 250_000, "a row is missing"
