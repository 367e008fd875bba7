"""The demo: a company, the outside world, and what happens between them."""
