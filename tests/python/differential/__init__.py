"""Random calls on the interpreter's own `socket` and on rsocket, and every difference between them.

`python -m differential --calls 1000000 --seed 1`, run in `tests/python`, is the long run.
"""
