/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The compute kernels. Each takes a repeat count, works in the arena, which it fills itself, and
 * returns a checksum that must be the same under every engine. Nothing of the C library is
 * called. */
#include "kernels.h"

static inline uint64_t
next_random (uint64_t *s)
{
  uint64_t x = *s;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *s = x;
}

/* sort: quicksort of ints, insertion sort below 16 of them. */
static NOINLINE void
qsort_int (int *a, long lo, long hi)
{
  while (hi - lo > 16)
    {
      int p = a[(lo + hi) >> 1];
      long i = lo, j = hi;
      while (i <= j)
        {
          while (a[i] < p)
            i++;
          while (a[j] > p)
            j--;
          if (i <= j)
            {
              int t = a[i];
              a[i] = a[j];
              a[j] = t;
              i++;
              j--;
            }
        }
      if (j - lo < hi - i)
        {
          qsort_int (a, lo, j);
          lo = i;
        }
      else
        {
          qsort_int (a, i, hi);
          hi = j;
        }
    }
  for (long i = lo + 1; i <= hi; i++)
    {
      int t = a[i];
      long j = i - 1;
      while (j >= lo && a[j] > t)
        {
          a[j + 1] = a[j];
          j--;
        }
      a[j + 1] = t;
    }
}

uint64_t
kernel_sort (long n)
{
  int *a = (int *) arena;
  uint64_t s = 88172645463325252ul, h = 0;
  while (n--)
    {
      for (long i = 0; i < 200000; i++)
        a[i] = (int) next_random (&s);
      qsort_int (a, 0, 199999);
      for (long i = 0; i < 200000; i += 1000)
        h = h * 31 + (uint32_t) a[i];
    }
  return h;
}

/* hash: a table with chains through 6 MiB of nodes. */
typedef struct Node Node;
struct Node
{
  Node *next;
  uint64_t key, val;
};

static NOINLINE Node *
find (Node **tab, uint64_t key)
{
  Node *p = tab[(key * 0x9e3779b97f4a7c15ul) >> 48];
  while (p && p->key != key)
    p = p->next;
  return p;
}

uint64_t
kernel_hash (long n)
{
  Node **tab = (Node **) arena, *pool = (Node *) (arena + (1 << 20));
  uint64_t s = 1234567, h = 0, used = 0;
  for (long i = 0; i < 65536; i++)
    tab[i] = 0;
  while (n--)
    {
      uint64_t key = next_random (&s) & 0x3ffff;
      Node *p = find (tab, key);
      if (p)
        {
          p->val++;
          h += p->val;
        }
      else if (used < 262144)
        {
          uint64_t b = (key * 0x9e3779b97f4a7c15ul) >> 48;
          p = &pool[used++];
          p->key = key;
          p->val = 1;
          p->next = tab[b];
          tab[b] = p;
        }
    }
  return h;
}

/* chase: a pointer chase over 64 MiB in random order, misses in the caches and the TLB. */
uint64_t
kernel_chase (long n)
{
  uint64_t **cell = (uint64_t **) arena;
  const uint64_t count = (64ul << 20) / 64;
  uint64_t s = 42;
  /* Sattolo's cycle over cells one cache line apart. */
  for (uint64_t i = 0; i < count; i++)
    cell[i * 8] = (uint64_t *) &cell[i * 8];
  for (uint64_t i = count - 1; i > 0; i--)
    {
      uint64_t j = next_random (&s) % i, *t = cell[i * 8];
      cell[i * 8] = cell[j * 8];
      cell[j * 8] = t;
    }
  uint64_t **p = cell;
  while (n--)
    p = (uint64_t **) *p;
  return (uint64_t) ((uint8_t *) p - arena);
}

/* stream: scale, add and copy 2 × 4 MiB of doubles, sum bytes. */
static NOINLINE void
copy16 (double *restrict d, const double *restrict s, long n)
{
  for (long i = 0; i < n; i++)
    d[i] = s[i];
}
static NOINLINE void
triad (double *restrict d, const double *restrict s, double k, long n)
{
  for (long i = 0; i < n; i++)
    d[i] = d[i] + k * s[i];
}
static NOINLINE uint64_t
bytesum (const uint8_t *s, long n)
{
  uint64_t a = 1, b = 0;
  for (long i = 0; i < n; i++)
    {
      a += s[i];
      b += a;
    }
  return a ^ b << 7;
}

uint64_t
kernel_stream (long n)
{
  double *a = (double *) arena, *b = a + (4ul << 20) / 8;
  uint64_t h = 0;
  for (long i = 0; i < 524288; i++)
    {
      a[i] = (double) i;
      b[i] = 1.0 / (double) (i + 1);
    }
  while (n--)
    {
      triad (a, b, 0.5, 524288);
      copy16 (b, a, 524288);
      h = h * 31 + bytesum ((uint8_t *) b, 1 << 20);
    }
  return h;
}

/* parse: tokens of a generated text that looks like JSON. */
static NOINLINE uint64_t
parse (const char *p)
{
  uint64_t h = 5381, depth = 0;
  for (;;)
    {
      char c = *p;
      switch (c)
        {
        case 0:
          return h ^ depth;
        case ' ':
        case '\n':
        case '\t':
        case ',':
        case ':':
          p++;
          break;
        case '{':
        case '[':
          depth++;
          h = h * 33 + (uint64_t) c;
          p++;
          break;
        case '}':
        case ']':
          depth--;
          h = h * 33 + (uint64_t) c;
          p++;
          break;
        case '"':
          {
            uint64_t w = 0;
            for (p++; *p != '"'; p++)
              {
                if (*p == '\\')
                  p++;
                w = w * 131 + (uint8_t) *p;
              }
            p++;
            h ^= w;
            break;
          }
        case 't':
        case 'f':
        case 'n':
          while (*p >= 'a' && *p <= 'z')
            p++;
          h += 7;
          break;
        default:
          {
            long v = 0, neg = 0;
            if (*p == '-')
              {
                neg = 1;
                p++;
              }
            while (*p >= '0' && *p <= '9')
              v = v * 10 + (*p++ - '0');
            if (*p == '.')
              {
                p++;
                while (*p >= '0' && *p <= '9')
                  v = v * 10 + (*p++ - '0');
              }
            if (neg)
              v = -v;
            h = h * 31 + (uint64_t) v;
          }
        }
    }
}

static NOINLINE char *
put (char *d, const char *s)
{
  while (*s)
    *d++ = *s++;
  return d;
}

uint64_t
kernel_parse (long n)
{
  char *t = (char *) arena, *d = t;
  uint64_t s = 99, h = 0;
  d = put (d, "[");
  while (d < t + 500000)
    {
      uint64_t r = next_random (&s);
      switch (r & 7)
        {
        case 0:
          d = put (d, "{\"name\": \"value \\\"quoted\\\" text\", \"x\": ");
          break;
        case 1:
          d = put (d, "true, ");
          break;
        case 2:
          d = put (d, "null,\n\t");
          break;
        case 3:
          d = put (d, "[ \"alpha\", \"beta\", \"gamma\" ], ");
          break;
        case 4:
          d = put (d, "} , ");
          break;
        default:
          {
            uint64_t v = (r >> 8) & 0xffffff;
            if (r & 16)
              *d++ = '-';
            do
              {
                *d++ = (char) ('0' + v % 10);
                v /= 10;
              }
            while (v);
            *d++ = ',';
            *d++ = ' ';
          }
        }
    }
  d = put (d, "]");
  *d = 0;
  while (n--)
    h = h * 3 + parse (t);
  return h;
}

/* matmul: a product of matrices of doubles (SSE2). */
#define ORDER 192
static NOINLINE void
matmul (double *restrict c, const double *restrict a, const double *restrict b)
{
  for (int i = 0; i < ORDER; i++)
    {
      for (int j = 0; j < ORDER; j++)
        c[i * ORDER + j] = 0;
      for (int k = 0; k < ORDER; k++)
        {
          double x = a[i * ORDER + k];
          for (int j = 0; j < ORDER; j++)
            c[i * ORDER + j] += x * b[k * ORDER + j];
        }
    }
}

uint64_t
kernel_matmul (long n)
{
  double *a = (double *) arena, *b = a + ORDER * ORDER, *c = b + ORDER * ORDER, h = 0;
  for (int i = 0; i < ORDER * ORDER; i++)
    {
      a[i] = (double) (i % 97) / 97;
      b[i] = (double) (i % 89) / 89;
    }
  while (n--)
    {
      matmul (c, a, b);
      h += c[n % (ORDER * ORDER)];
      a[n % 1000] += 0.001;
    }
  union
  {
    double d;
    uint64_t u;
  } r = { h };
  return r.u;
}

/* x87: a sum of products and quotients of long doubles. */
static NOINLINE long double
x87dot (const long double *a, const long double *b, long n)
{
  long double s = 0;
  for (long i = 0; i < n; i++)
    s += a[i] * b[i] / (1.0L + s * s);
  return s;
}

uint64_t
kernel_x87 (long n)
{
  long double *a = (long double *) arena, *b = a + 4096, t = 0;
  for (int i = 0; i < 4096; i++)
    {
      a[i] = (long double) i / 7;
      b[i] = (long double) (i % 31) / 3;
    }
  while (n--)
    {
      __asm__ volatile ("" ::: "memory");
      t += x87dot (a, b, 4096);
    }
  return (uint64_t) (t * 1e6L);
}

/* sha: SHA-256 of 64 KiB, arithmetic and rotates with few memory accesses (FIPS 180-4). */
static const uint32_t ROUND_CONSTANTS[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};
#define ROR(x, k) ((x) >> (k) | (x) << (32 - (k)))

static NOINLINE void
sha256 (uint32_t *st, const uint8_t *p)
{
  uint32_t w[64], a = st[0], b = st[1], c = st[2], d = st[3], e = st[4], f = st[5], g = st[6],
                  h = st[7];
  for (int i = 0; i < 16; i++)
    w[i] = __builtin_bswap32 (((const uint32_t *) p)[i]);
  for (int i = 16; i < 64; i++)
    {
      uint32_t x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (ROR (x, 7) ^ ROR (x, 18) ^ x >> 3) + w[i - 7]
             + (ROR (y, 17) ^ ROR (y, 19) ^ y >> 10);
    }
  for (int i = 0; i < 64; i++)
    {
      uint32_t t1 = h + (ROR (e, 6) ^ ROR (e, 11) ^ ROR (e, 25)) + ((e & f) ^ (~e & g))
                    + ROUND_CONSTANTS[i] + w[i];
      uint32_t t2 = (ROR (a, 2) ^ ROR (a, 13) ^ ROR (a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
  st[0] += a;
  st[1] += b;
  st[2] += c;
  st[3] += d;
  st[4] += e;
  st[5] += f;
  st[6] += g;
  st[7] += h;
}

uint64_t
kernel_sha (long n)
{
  uint32_t st[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
  for (long i = 0; i < 65536; i++)
    arena[i] = (uint8_t) (i * 7);
  while (n--)
    for (long i = 0; i < 65536; i += 64)
      sha256 (st, arena + i);
  return (uint64_t) st[0] << 32 | st[7];
}

/* call: recursion. */
NOINLINE uint64_t
fib (uint64_t n)
{
  __asm__ volatile ("" : "+r"(n));
  return n < 2 ? n : fib (n - 1) + fib (n - 2);
}
static NOINLINE uint64_t
tak (long x, long y, long z)
{
  __asm__ volatile ("" : "+r"(x));
  return y >= x
           ? (uint64_t) z
           : tak ((long) tak (x - 1, y, z), (long) tak (y - 1, z, x), (long) tak (z - 1, x, y));
}
uint64_t
kernel_call (long n)
{
  uint64_t h = 0;
  while (n--)
    h += fib (27) + tak (16, 10, 4);
  return h;
}

/* virt: virtual methods of objects of 8 classes. */
typedef struct Object Object;
struct Object
{
  uint64_t (*const *table) (Object *, uint64_t);
  uint64_t a, b;
};
typedef uint64_t (*Method) (Object *, uint64_t);
#define METHOD(name, result)                                                                       \
  static NOINLINE uint64_t name (Object *o, uint64_t x)                                            \
  {                                                                                                \
    __asm__ volatile ("" : "+r"(x));                                                               \
    return result;                                                                                 \
  }
METHOD (method_0, o->a + x)
METHOD (method_1, o->b ^ x)
METHOD (method_2, (o->a += x))
METHOD (method_3, x * 3 + o->b)
METHOD (method_4, (o->b = x >> 1))
METHOD (method_5, o->a - o->b + x)
METHOD (method_6, x << 1 | o->a >> 63)
METHOD (method_7, x ^ o->a ^ o->b)
static const Method tables[8][2]
  = { { method_0, method_7 }, { method_1, method_6 }, { method_2, method_5 },
      { method_3, method_4 }, { method_4, method_3 }, { method_5, method_2 },
      { method_6, method_1 }, { method_7, method_0 } };

uint64_t
kernel_virt (long n)
{
  Object *o = (Object *) arena;
  uint64_t s = 7, h = 0;
  for (int i = 0; i < 4096; i++)
    {
      /* Runs of equal classes: about half the calls change class. */
      uint64_t r = next_random (&s);
      o[i].table = (i && (r & 16)) ? o[i - 1].table : tables[r & 7];
      o[i].a = (uint64_t) i;
      o[i].b = r >> 5;
    }
  while (n--)
    for (int i = 0; i < 4096; i++)
      {
        h = o[i].table[0](&o[i], h);
        h += o[i].table[1](&o[i], h);
      }
  return h;
}

/* interp: a byte-code interpreter, a jump table with loads and stores. */
enum
{
  OP_PUSH,
  OP_ADD,
  OP_SUB,
  OP_MUL,
  OP_DUP,
  OP_SWAP,
  OP_LOAD,
  OP_STORE,
  OP_JNZ,
  OP_XOR,
  OP_SHR,
  OP_HALT
};
static NOINLINE uint64_t
interp (const uint8_t *pc, uint64_t *var, uint64_t *sp)
{
  for (;;)
    switch (*pc++)
      {
      case OP_PUSH:
        *sp++ = *pc++;
        break;
      case OP_ADD:
        sp--;
        sp[-1] += sp[0];
        break;
      case OP_SUB:
        sp--;
        sp[-1] -= sp[0];
        break;
      case OP_MUL:
        sp--;
        sp[-1] *= sp[0];
        break;
      case OP_XOR:
        sp--;
        sp[-1] ^= sp[0];
        break;
      case OP_SHR:
        sp--;
        sp[-1] >>= sp[0] & 63;
        break;
      case OP_DUP:
        sp[0] = sp[-1];
        sp++;
        break;
      case OP_SWAP:
        {
          uint64_t t = sp[-1];
          sp[-1] = sp[-2];
          sp[-2] = t;
          break;
        }
      case OP_LOAD:
        *sp++ = var[*pc++];
        break;
      case OP_STORE:
        var[*pc++] = *--sp;
        break;
      case OP_JNZ:
        {
          int d = *pc++;
          if (*--sp)
            pc -= d;
          break;
        }
      case OP_HALT:
        return var[0];
      }
}
uint64_t
kernel_interp (long n)
{
  static const uint8_t code[]
    = { OP_LOAD, 0,       OP_PUSH,  13,     OP_MUL,  OP_LOAD,  1,       OP_ADD,
        OP_DUP,  OP_PUSH, 7,        OP_SHR, OP_XOR,  OP_STORE, 0,       OP_LOAD,
        2,       OP_PUSH, 1,        OP_ADD, OP_DUP,  OP_STORE, 2,       OP_LOAD,
        0,       OP_ADD,  OP_STORE, 3,      OP_LOAD, 1,        OP_PUSH, 1,
        OP_SUB,  OP_DUP,  OP_STORE, 1,      OP_JNZ,  38,       OP_HALT };
  uint64_t *var = (uint64_t *) arena, *stack = var + 512, h = 0;
  for (int i = 0; i < 8; i++)
    var[i] = (uint64_t) i;
  while (n--)
    {
      var[1] = 1000;
      h += interp (code, var, stack);
    }
  return h;
}
