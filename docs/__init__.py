"""The documentation's pages, and the program that writes their generated parts."""
