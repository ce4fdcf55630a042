"""The reference of diagnostics for users: an example of each code, and the page that explains them."""
