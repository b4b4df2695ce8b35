"""The bus doctor: finds out what a device lets us read, and what its registers most likely mean.

`extent` searches the readable addresses and `likelihood`, `segments`, `diagnosis` weigh what stands in them; those are
pure. `bedside` and `scan` do the asking.
"""
