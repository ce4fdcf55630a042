"""From syntax trees to the resolved model: files into packages, names into what they mean, gates into what is there."""
