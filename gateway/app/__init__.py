"""The daemon: builds the rooms, connects them, runs and stops them. It decides nothing about readings or tickets."""
