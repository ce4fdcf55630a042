"""From text to syntax tree: lexer, grammar, builder and parser. What names mean is left to `resolve`."""
