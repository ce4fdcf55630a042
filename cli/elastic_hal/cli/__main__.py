"""`python -m elastic_hal.cli`: the command line without its console script."""

from elastic_hal.cli.main import main

if __name__ == "__main__":
    main()
