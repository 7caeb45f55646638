"""The command inkgrad, with the kernels of the instruction set that a measurement holds to."""

import instructions

from inkgrad.__main__ import main

if __name__ == "__main__":
    instructions.take()
    main()
