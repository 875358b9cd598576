echo content >a
cp a b
cmp a b
