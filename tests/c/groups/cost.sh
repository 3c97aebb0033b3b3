# What the calls cost is what they promise; the table is bench/run.py's.
try "instructions, system calls and allocations" "${PYTHON:-python3}" "$here/bench/run.py" \
    --check --prefix "$prefix"
cat "$work/log"
