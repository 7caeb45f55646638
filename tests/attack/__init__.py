"""Attacks on inkgrad: kills, broken inputs, rude clients, full disks, for as long as one likes.

    PYTHONPATH=tests .venv/bin/python -m attack --minutes 60

An attack makes strikes, each drawn from the seed, its name and its number alone, so that a failure comes again:

    PYTHONPATH=tests .venv/bin/python -m attack idx --seed 5 --number 1234
"""
