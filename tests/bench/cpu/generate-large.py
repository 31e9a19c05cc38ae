#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the kernel “big”: 2000 distinct functions called in random order, a large instruction footprint
as kernels, compilers and browsers have. The same program each time."""

import random

FUNCTIONS = 2000
dice = random.Random(5)


def expression(depth=0):
    """A random expression of the function's variables."""
    if depth > 1 or dice.random() < .3:
        return dice.choice(["x", "y", "z", f"p[{dice.randrange(24)}]", "p[x & 31]", str(dice.randrange(1, 1000)),
                            f"((uint32_t *) p)[{dice.randrange(48)}]", f"((uint8_t *) p)[{dice.randrange(190)}]"])
    return f"({expression(depth + 1)} {dice.choice('+-^&|+*')} {expression(depth + 1)})"


def statement(function, depth=0):
    """A random statement; functions call only those after them."""
    kind = dice.random()
    if kind < .30:
        return f"{dice.choice('xyz')} = {expression()};"
    if kind < .45:
        return f"p[{dice.randrange(24)}] = {expression()};"
    if kind < .52:
        return f"((uint32_t *) p)[{dice.randrange(48)}] += (uint32_t) {expression(1)};"
    if kind < .75 and depth < 2:
        return (f"if ({expression(1)} {dice.choice(['<', '==', '>', '!='])} {expression(1)}) "
                f"{{ {statement(function, depth + 1)} }} else {{ {statement(function, depth + 1)} }}")
    if kind < .80 and depth < 1:
        return f"for (int i = 0; i < {dice.randrange(2, 5)}; i++) {{ {statement(function, depth + 1)} }}"
    if function + 1 < FUNCTIONS and depth < 2 and kind < .90:
        callee = min(FUNCTIONS - 1, function + dice.randrange(1, 400))
        return f"x += f{callee} (p + {dice.randrange(3)}, y);"
    return f"z = z >> {dice.randrange(1, 9)} ^ {expression(1)};"


print("/* Made by generate-large.py. */\n#include \"kernels.h\"\n")
for n in range(FUNCTIONS):
    print(f"static uint64_t f{n} (uint64_t *p, uint64_t x);")
for n in range(FUNCTIONS):
    print(f"static NOINLINE uint64_t\nf{n} (uint64_t *p, uint64_t x)\n{{\n"
          f"  uint64_t y = x ^ {dice.randrange(1 << 30)}, z = p[{dice.randrange(24)}];\n"
          "  if (p > (uint64_t *) arena + 900)\n    p = (uint64_t *) arena;")
    for _ in range(dice.randrange(4, 10)):
        print("  " + statement(n))
    print("  return x + y * 3 + z;\n}")
print("static uint64_t (*const table[]) (uint64_t *, uint64_t) = {")
print(",\n".join(f"  f{n}" for n in range(FUNCTIONS)))
print("""};

uint64_t
kernel_big (long n)
{
  uint64_t s = 88172645463325252ul, h = 0;
  for (int i = 0; i < 16384; i++)
    arena[i] = (uint8_t) (i * 13);
  while (n--)
    {
      s ^= s << 13;
      s ^= s >> 7;
      s ^= s << 17;
      h = h * 31 + table[s % 2000] ((uint64_t *) arena + (s >> 20 & 255), h);
    }
  return h;
}""")
