/* A forest of decision trees, read from a file that nobody has to trust, and walked without a library around it.
 *
 * The file is written by convert.py from an XGBoost model and carries rows with XGBoost's own scores ("probes"), so that
 * whoever opens it can see whether this code on this machine gives the same bits. Scores are bit-equal because every
 * step is the same float32 operation in the same order as in XGBoost's CPU predictor: the base margin, plus one leaf a
 * tree in the order of the trees, then the objective's transformation with the machine's own expf.
 *
 * Three ways to the same sums, chosen when a file is opened:
 *   nodes    follows pointers; any shape of tree
 *   blocks   trees filled up to one depth, so that the children of node i are 2i and 2i+1 and no step is a branch
 *   avx512   blocks, 16 rows in a register; the upper six levels of a tree are looked up in registers, not in memory
 *
 * A missing value goes the way the node says. Each row is held twice, once with minus infinity for missing and once with
 * plus infinity, and a node reads the copy that sends a missing value its way: one comparison decides both.
 *
 * Compile with -ffp-contract=off: a fused multiply-add rounds once where XGBoost rounds twice.
 */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define EXPORT __attribute__((visibility("default")))
#define VERSION 1
#define BLOCK 64 /* rows that go through a tree together */
#define TOGETHER 8 /* trees that one row goes through together */
#define MAX_FEATURES 4096
#define MAX_OUTPUTS 1024
#define MAX_DEPTH 64
#define MAX_FULL_DEPTH 10 /* full trees: 2^depth slots each */
#define MAX_FULL_BYTES ((int64_t)256 << 20)
#define MISSING_LEFT 0x40000000
#define FEATURE(field) ((field) & 0x3fffffff)
#define LARGEST 3.40282346638528859812e+38f

enum { IDENTITY = 0, SIGMOID = 1, EXPONENTIAL = 2, SOFTMAX = 3, TRANSFORMS = 4 };
enum { AUTOMATIC = 0, NODES = 1, BLOCKS = 2, AVX512 = 3 };

typedef struct {
  float value;     /* threshold, or the leaf's value */
  float cover;     /* sum of hessians that reached the node in training */
  int32_t feature; /* -1: leaf; else the feature, with MISSING_LEFT where a missing value goes left */
  uint32_t left;   /* index of the left child within the file; the right child stands beside it */
} node;

typedef struct {
  char magic[8];
  uint32_t version, features, outputs, trees, nodes, transform, probes, reserved;
} header;

typedef struct {
  header head;
  float *base;      /* margin of each output before the first tree; a score in the file */
  uint32_t *first;  /* first node of each tree, and the end of the last */
  uint32_t *output; /* which output a tree adds to */
  node *nodes;
  float *probe_rows, *probe_scores;
  int depth, kernel, covered;
  /* full trees: 2^depth slots each, slot 0 unused, the root in slot 1 */
  float *threshold, *leaf;
  uint32_t *column;
} forest;

/* ---- opening ---- */

typedef struct {
  char *text;
  int size;
} message;

static int refuse(message m, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(m.text, (size_t)m.size, format, arguments);
  va_end(arguments);
  return 0;
}

static void release(forest *f) {
  if (!f) return;
  free(f->base), free(f->first), free(f->output), free(f->nodes), free(f->probe_rows), free(f->probe_scores);
  free(f->threshold), free(f->leaf), free(f->column), free(f);
}

static void *copied(const uint8_t **at, int64_t count, size_t size) {
  size_t bytes = (size_t)count * size;
  void *copy = malloc(bytes ? bytes : 1);
  if (copy && bytes) memcpy(copy, *at, bytes);
  *at += bytes;
  return copy;
}

static int check_head(const header *h, int64_t length, message m) {
  if (memcmp(h->magic, "MLFOREST", 8)) return refuse(m, "it does not begin with MLFOREST");
  if (h->version != VERSION) return refuse(m, "it is of version %u, this code reads version %d", h->version, VERSION);
  if (h->features < 1 || h->features > MAX_FEATURES) return refuse(m, "%u features, allowed are 1 to %d", h->features, MAX_FEATURES);
  if (h->outputs < 1 || h->outputs > MAX_OUTPUTS) return refuse(m, "%u outputs, allowed are 1 to %d", h->outputs, MAX_OUTPUTS);
  if (h->transform >= TRANSFORMS) return refuse(m, "transformation %u, allowed are 0 to %d", h->transform, TRANSFORMS - 1);
  if (h->reserved) return refuse(m, "a reserved field holds %u", h->reserved);
  if (h->nodes < h->trees) return refuse(m, "%u nodes for %u trees", h->nodes, h->trees);
  /* each term is below 2^46: no overflow */
  int64_t wanted = (int64_t)sizeof(header) + 4 * (int64_t)h->outputs + 8 * (int64_t)h->trees + 16 * (int64_t)h->nodes +
                   4 * (int64_t)h->probes * ((int64_t)h->features + h->outputs);
  if (wanted != length) return refuse(m, "it has %lld bytes, its header announces %lld", (long long)length, (long long)wanted);
  return 1;
}

/* Children stand after their parent, inside their tree, and have one parent: so the nodes form a tree without a cycle. */
static int check_tree(const forest *f, uint32_t tree, uint8_t *depths, int *deepest, message m) {
  uint32_t begin = f->first[tree], end = f->first[tree + 1];
  depths[begin] = 1;
  for (uint32_t i = begin; i < end; i++) {
    const node *n = f->nodes + i;
    if (!depths[i]) return refuse(m, "node %u of tree %u has no parent", i, tree);
    if (depths[i] - 1 > *deepest) *deepest = depths[i] - 1;
    if (!(n->cover >= 0 && n->cover <= LARGEST)) return refuse(m, "node %u has cover %g", i, n->cover);
    if (n->feature < 0) {
      if (n->feature != -1) return refuse(m, "node %u has feature %d", i, n->feature);
      if (!(fabsf(n->value) <= LARGEST)) return refuse(m, "leaf %u has value %g", i, n->value);
      continue;
    }
    if (isnan(n->value) || n->value == -INFINITY) return refuse(m, "node %u has threshold %g", i, n->value);
    if (n->feature & ~(MISSING_LEFT | 0x3fffffff) || (uint32_t)FEATURE(n->feature) >= f->head.features)
      return refuse(m, "node %u reads feature %d of %u", i, FEATURE(n->feature), f->head.features);
    if (n->left <= i || n->left >= end || n->left + 1 >= end)
      return refuse(m, "node %u has its children at %u, outside its tree's %u..%u", i, n->left, i + 1, end - 1);
    if (depths[n->left] || depths[n->left + 1]) return refuse(m, "node %u takes children that have a parent", i);
    if (depths[i] > MAX_DEPTH) return refuse(m, "tree %u is more than %d levels deep", tree, MAX_DEPTH);
    depths[n->left] = depths[n->left + 1] = (uint8_t)(depths[i] + 1);
  }
  return 1;
}

static int check_trees(forest *f, message m) {
  const header *h = &f->head;
  for (uint32_t o = 0; o < h->outputs; o++) {
    float score = f->base[o]; /* as XGBoost turns a base score into a margin, with the machine's own logf */
    if (h->transform == SIGMOID) f->base[o] = -logf(1.0f / score - 1.0f);
    if (h->transform == EXPONENTIAL) f->base[o] = logf(score);
    if (!(fabsf(f->base[o]) <= LARGEST)) return refuse(m, "base score %g of output %u", score, o);
  }
  if (h->trees && f->first[0] != 0) return refuse(m, "the first tree begins at node %u", f->first[0]);
  for (uint32_t t = 0; t < h->trees; t++) {
    if (f->first[t + 1] <= f->first[t] || f->first[t + 1] > h->nodes) return refuse(m, "tree %u has no nodes", t);
    if (f->output[t] >= h->outputs) return refuse(m, "tree %u adds to output %u of %u", t, f->output[t], h->outputs);
  }
  uint8_t *depths = calloc(h->nodes ? h->nodes : 1, 1);
  if (!depths) return refuse(m, "out of memory");
  int sound = 1;
  for (uint32_t t = 0; sound && t < h->trees; t++) sound = check_tree(f, t, depths, &f->depth, m);
  free(depths);
  f->covered = 1;
  for (uint32_t i = 0; i < h->nodes; i++)
    if (f->nodes[i].feature >= 0 && !(f->nodes[i].cover > 0)) f->covered = 0;
  return sound;
}

/* ---- full trees ---- */

/* Node `from` of the file and what is below it into slot `to`; a leaf above the last level is repeated below it. */
static void fill(forest *f, int64_t tree, uint32_t from, uint32_t to, int level) {
  const node *n = f->nodes + from;
  int64_t slots = (int64_t)1 << f->depth;
  if (level == f->depth) {
    f->leaf[tree * slots + (to - slots)] = n->value;
    return;
  }
  int leaf = n->feature < 0;
  f->threshold[tree * slots + to] = leaf ? INFINITY : n->value;
  f->column[tree * slots + to] = leaf ? 0 : (uint32_t)FEATURE(n->feature) + (n->feature & MISSING_LEFT ? 0 : f->head.features);
  fill(f, tree, leaf ? from : n->left, 2 * to, level + 1);
  fill(f, tree, leaf ? from : n->left + 1, 2 * to + 1, level + 1);
}

static int avx512_here(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return 0;
#endif
}

static int lay_out(forest *f, int wanted, message m) {
  int64_t trees = f->head.trees;
  f->kernel = NODES;
  if (f->depth < 6 && f->depth > 0) f->depth = 6; /* what the register kernel is made for */
  int64_t bytes = trees * ((int64_t)12 << f->depth);
  if (wanted == NODES || !trees || f->depth > MAX_FULL_DEPTH || f->depth < 1 || bytes > MAX_FULL_BYTES) return 1;
  size_t slots = (size_t)trees << f->depth;
  f->threshold = calloc(slots, 4), f->leaf = calloc(slots, 4), f->column = calloc(slots, 4);
  if (!f->threshold || !f->leaf || !f->column) return refuse(m, "out of memory");
  for (int64_t t = 0; t < trees; t++) fill(f, t, f->first[t], 1, 0);
  f->kernel = wanted != BLOCKS && avx512_here() ? AVX512 : BLOCKS;
  return 1;
}

/* A forest from the bytes of a file, or NULL with the reason in `text`. `kernel` is AUTOMATIC, or the best one allowed. */
EXPORT forest *forest_open(const uint8_t *bytes, int64_t length, int kernel, char *text, int size) {
  message m = {text, size};
  if (length < (int64_t)sizeof(header)) return refuse(m, "it has %lld bytes, its header alone has %d", (long long)length, (int)sizeof(header)), NULL;
  forest *f = calloc(1, sizeof(forest));
  if (!f) return refuse(m, "out of memory"), NULL;
  memcpy(&f->head, bytes, sizeof(header));
  const header *h = &f->head;
  if (!check_head(h, length, m)) return release(f), NULL;
  const uint8_t *at = bytes + sizeof(header);
  f->base = copied(&at, h->outputs, 4);
  f->first = malloc(4 * ((size_t)h->trees + 1));
  if (f->first) memcpy(f->first, at, 4 * (size_t)h->trees), f->first[h->trees] = h->nodes;
  at += 4 * (size_t)h->trees;
  f->output = copied(&at, h->trees, 4);
  f->nodes = copied(&at, h->nodes, sizeof(node));
  f->probe_rows = copied(&at, (int64_t)h->probes * h->features, 4);
  f->probe_scores = copied(&at, (int64_t)h->probes * h->outputs, 4);
  if (!f->base || !f->first || !f->output || !f->nodes || !f->probe_rows || !f->probe_scores) {
    refuse(m, "out of memory");
    return release(f), NULL;
  }
  if (!check_trees(f, m) || !lay_out(f, kernel, m)) return release(f), NULL;
  return f;
}

EXPORT void forest_close(forest *f) { release(f); }
EXPORT int forest_features(const forest *f) { return (int)f->head.features; }
EXPORT int forest_outputs(const forest *f) { return (int)f->head.outputs; }
EXPORT int forest_kernel(const forest *f) { return f->kernel; }

/* ---- scores ---- */

/* A feature as the training matrix held it: float32, finite or NaN. */
static inline float narrowed(double value) {
  float x = (float)(value > LARGEST ? LARGEST : value < -LARGEST ? -LARGEST : value);
  return x;
}

/* The two copies of one value, `stride` apart from each other. */
static inline void both(float *at, int64_t stride, double value) {
  float x = narrowed(value);
  int missing = isnan(x);
  at[0] = missing ? -INFINITY : x;
  at[stride] = missing ? INFINITY : x;
}

static void transform(const forest *f, float *s) {
  uint32_t k = f->head.outputs;
  switch (f->head.transform) {
    case SIGMOID:
      for (uint32_t o = 0; o < k; o++) s[o] = 1.0f / (expf(-fminf(s[o], 88.7f)) + 1.0f + 1e-16f);
      break;
    case EXPONENTIAL:
      for (uint32_t o = 0; o < k; o++) s[o] = expf(s[o]);
      break;
    case SOFTMAX: {
      float largest = s[0];
      double sum = 0;
      for (uint32_t o = 1; o < k; o++) largest = fmaxf(largest, s[o]);
      for (uint32_t o = 0; o < k; o++) sum += s[o] = expf(s[o] - largest);
      for (uint32_t o = 0; o < k; o++) s[o] /= (float)sum;
      break;
    }
    default:
      break;
  }
}

/* The leaf that a row (first copy at x, second `features` further) falls to. */
static inline const node *reached(const forest *f, uint32_t tree, const float *x) {
  const node *n = f->nodes + f->first[tree];
  while (n->feature >= 0) {
    float value = x[FEATURE(n->feature) + (n->feature & MISSING_LEFT ? 0 : (int64_t)f->head.features)];
    n = f->nodes + n->left + (value >= n->value);
  }
  return n;
}

static void row_by_nodes(const forest *f, const float *x, float *s) {
  for (uint32_t t = 0; t < f->head.trees; t++) s[f->output[t]] += reached(f, t, x)->value;
}

/* Some trees in step, so that the loads of one hide behind those of the others; sums stay in the order of the trees. */
static void row_by_slots(const forest *f, const float *x, float *s) {
  int depth = f->depth;
  uint32_t slots = 1u << depth, trees = f->head.trees, t = 0;
  for (; t + TOGETHER <= trees; t += TOGETHER) {
    uint32_t at[TOGETHER];
    const float *threshold = f->threshold + (size_t)t * slots;
    const uint32_t *column = f->column + (size_t)t * slots;
    for (int k = 0; k < TOGETHER; k++) at[k] = 1;
    for (int level = 0; level < depth; level++)
      for (uint32_t k = 0; k < TOGETHER; k++) {
        uint32_t i = k * slots + at[k];
        at[k] = 2 * at[k] + (x[column[i]] >= threshold[i]);
      }
    for (uint32_t k = 0; k < TOGETHER; k++) s[f->output[t + k]] += f->leaf[(size_t)t * slots + k * slots + at[k] - slots];
  }
  for (; t < trees; t++) {
    uint32_t at = 1;
    for (int level = 0; level < depth; level++)
      at = 2 * at + (x[f->column[(size_t)t * slots + at]] >= f->threshold[(size_t)t * slots + at]);
    s[f->output[t]] += f->leaf[(size_t)t * slots + at - slots];
  }
}

/* One block: x holds column c of its rows at x + c * BLOCK; s holds output o at s + o * BLOCK. */
static void block_by_slots(const forest *f, const float *x, float *s) {
  int depth = f->depth;
  uint32_t slots = 1u << depth;
  for (uint32_t t = 0; t < f->head.trees; t++) {
    const float *threshold = f->threshold + (size_t)t * slots, *leaf = f->leaf + (size_t)t * slots;
    const uint32_t *column = f->column + (size_t)t * slots;
    float *sum = s + (size_t)f->output[t] * BLOCK;
    for (uint32_t part = 0; part < BLOCK; part += 16) {
      uint32_t at[16];
      for (uint32_t k = 0; k < 16; k++) at[k] = 1;
      for (int level = 0; level < depth; level++)
        for (uint32_t k = 0; k < 16; k++)
          at[k] = 2 * at[k] + (x[(size_t)column[at[k]] * BLOCK + part + k] >= threshold[at[k]]);
      for (uint32_t k = 0; k < 16; k++) sum[part + k] += leaf[at[k] - slots];
    }
  }
}

#if defined(__x86_64__)
/* The same with a register for 16 rows. Levels 0 to 3 of a tree have 15 slots and fit one register, level 4 has 16,
 * level 5 has 32 and fits two, and so do the halves of 64 leaves: a permutation looks them up (an index counts modulo
 * the register, which is what numbering slots from 1 gives). Only a row's own values are gathered from memory. */
__attribute__((target("avx512f"))) static void block_by_registers(const forest *f, const float *x, float *s) {
  enum { PARTS = BLOCK / 16 };
  int depth = f->depth;
  uint32_t slots = 1u << depth;
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i one = _mm512_set1_epi32(1);
  for (uint32_t t = 0; t < f->head.trees; t++) {
    const float *threshold = f->threshold + (size_t)t * slots, *leaf = f->leaf + (size_t)t * slots;
    const uint32_t *column = f->column + (size_t)t * slots;
    __m512 upper = _mm512_loadu_ps(threshold), fourth = _mm512_loadu_ps(threshold + 16);
    __m512 fifth = _mm512_loadu_ps(threshold + 32), fifth_end = _mm512_loadu_ps(threshold + 48);
    __m512i upper_column = _mm512_loadu_si512(column), fourth_column = _mm512_loadu_si512(column + 16);
    __m512i fifth_column = _mm512_loadu_si512(column + 32), fifth_column_end = _mm512_loadu_si512(column + 48);
    __m512i at[PARTS];
    for (int p = 0; p < PARTS; p++) at[p] = one;
#define STEP(THRESHOLD, COLUMN)                                                                             \
  for (int p = 0; p < PARTS; p++) {                                                                         \
    __m512i i = at[p];                                                                                      \
    __m512i from = _mm512_add_epi32(_mm512_slli_epi32(COLUMN, 6), lane);                                    \
    __m512 value = _mm512_i32gather_ps(from, x + 16 * p, 4);                                                \
    __mmask16 right = _mm512_cmp_ps_mask(value, THRESHOLD, _CMP_GE_OQ);                                     \
    i = _mm512_slli_epi32(i, 1);                                                                            \
    at[p] = _mm512_mask_add_epi32(i, right, i, one);                                                        \
  }
    for (int level = 0; level < 4; level++)
      STEP(_mm512_permutexvar_ps(i, upper), _mm512_permutexvar_epi32(i, upper_column))
    STEP(_mm512_permutexvar_ps(i, fourth), _mm512_permutexvar_epi32(i, fourth_column))
    STEP(_mm512_permutex2var_ps(fifth, i, fifth_end), _mm512_permutex2var_epi32(fifth_column, i, fifth_column_end))
    for (int level = 6; level < depth; level++)
      STEP(_mm512_i32gather_ps(i, threshold, 4), _mm512_i32gather_epi32(i, (const int *)column, 4))
#undef STEP
    float *sum = s + (size_t)f->output[t] * BLOCK;
    for (int p = 0; p < PARTS; p++) {
      __m512 found;
      if (depth == 6) {
        __m512 low = _mm512_permutex2var_ps(_mm512_loadu_ps(leaf), at[p], _mm512_loadu_ps(leaf + 16));
        __m512 high = _mm512_permutex2var_ps(_mm512_loadu_ps(leaf + 32), at[p], _mm512_loadu_ps(leaf + 48));
        found = _mm512_mask_blend_ps(_mm512_test_epi32_mask(at[p], _mm512_set1_epi32(32)), low, high);
      } else {
        found = _mm512_i32gather_ps(_mm512_sub_epi32(at[p], _mm512_set1_epi32((int)slots)), leaf, 4);
      }
      _mm512_storeu_ps(sum + 16 * p, _mm512_add_ps(_mm512_loadu_ps(sum + 16 * p), found));
    }
  }
}
#endif

static void block(const forest *f, const float *x, float *s) {
#if defined(__x86_64__)
  if (f->kernel == AVX512) {
    block_by_registers(f, x, s);
    return;
  }
#endif
  block_by_slots(f, x, s);
}

static void rows_one_by_one(const forest *f, const double *rows, int64_t count, float *scores, float *x) {
  uint32_t width = f->head.features, outputs = f->head.outputs;
  for (int64_t r = 0; r < count; r++, rows += width, scores += outputs) {
    for (uint32_t c = 0; c < width; c++) both(x + c, width, rows[c]);
    memcpy(scores, f->base, 4 * (size_t)outputs);
    if (f->kernel == NODES)
      row_by_nodes(f, x, scores);
    else
      row_by_slots(f, x, scores);
    transform(f, scores);
  }
}

static void rows_in_blocks(const forest *f, const double *rows, int64_t count, float *scores, float *x) {
  uint32_t width = f->head.features, outputs = f->head.outputs;
  float *s = x + 2 * (size_t)width * BLOCK;
  for (int64_t r = 0; r < count; r += BLOCK) {
    int64_t filled = count - r < BLOCK ? count - r : BLOCK;
    for (int64_t k = 0; k < filled; k++)
      for (uint32_t c = 0; c < width; c++) both(x + (size_t)c * BLOCK + k, (int64_t)width * BLOCK, rows[(r + k) * width + c]);
    for (uint32_t o = 0; o < outputs; o++)
      for (size_t k = 0; k < BLOCK; k++) s[o * BLOCK + k] = f->base[o];
    block(f, x, s);
    for (int64_t k = 0; k < filled; k++) {
      float *row = scores + (r + k) * outputs;
      for (uint32_t o = 0; o < outputs; o++) row[o] = s[(size_t)o * BLOCK + (size_t)k];
      transform(f, row);
    }
  }
}

/* Scores of `count` rows of float64 features, NaN for missing. Returns 0, or -1 where memory is out. */
EXPORT int forest_predict(const forest *f, const double *rows, int64_t count, float *scores) {
  int blocks = f->kernel != NODES && count >= BLOCK / 4;
  float small[512];
  size_t wanted = blocks ? (2 * (size_t)f->head.features + f->head.outputs) * BLOCK : 2 * (size_t)f->head.features;
  float *x = wanted <= 512 ? small : calloc(wanted, sizeof(float));
  if (!x) return -1;
  if (blocks)
    rows_in_blocks(f, rows, count, scores, x);
  else
    rows_one_by_one(f, rows, count, scores, x);
  if (x != small) free(x);
  return 0;
}

/* The first output's score of one row of such features; NaN where memory is out or that is the score. */
EXPORT float forest_score(const forest *f, const double *row) {
  float scores[MAX_OUTPUTS];
  return forest_predict(f, row, 1, scores) ? NAN : scores[0];
}

/* How many of the file's own probes come out with other bits than XGBoost's, by rows one by one and in blocks. */
EXPORT int64_t forest_check(const forest *f) {
  int64_t probes = f->head.probes, width = f->head.features, outputs = f->head.outputs, different = 0;
  double *rows = malloc(sizeof(double) * (size_t)(probes * width + 1));
  float *scores = malloc(sizeof(float) * (size_t)(probes * outputs + 1));
  if (!rows || !scores) return free(rows), free(scores), -1;
  for (int64_t i = 0; i < probes * width; i++) rows[i] = f->probe_rows[i];
  for (int pass = 0; pass < 2; pass++) {
    int failed = 0;
    if (pass == 0) failed = forest_predict(f, rows, probes, scores);
    for (int64_t r = 0; pass == 1 && r < probes; r++) failed |= forest_predict(f, rows + r * width, 1, scores + r * outputs);
    if (failed) return free(rows), free(scores), -1;
    for (int64_t r = 0; r < probes; r++) different += memcmp(scores + r * outputs, f->probe_scores + r * outputs, 4 * (size_t)outputs) != 0;
  }
  free(rows), free(scores);
  return different;
}

/* ---- contributions: exact TreeSHAP (Lundberg et al. 2018, "Consistent Individualized Feature Attribution for Tree
 * Ensembles", algorithm 2), which is what XGBoost's pred_contribs computes ---- */

typedef struct {
  int feature;
  double zero, one, weight;
} step;

typedef struct {
  const forest *f;
  const float *x;
  double *phi;
} walk;

static void extend(step *path, int length, double zero, double one, int feature) {
  path[length] = (step){feature, zero, one, length == 0 ? 1.0 : 0.0};
  for (int i = length - 1; i >= 0; i--) {
    path[i + 1].weight += one * path[i].weight * (i + 1) / (length + 1);
    path[i].weight = zero * path[i].weight * (length - i) / (length + 1);
  }
}

static void unwind(step *path, int length, int index) {
  double one = path[index].one, zero = path[index].zero, next = path[length].weight;
  for (int i = length - 1; i >= 0; i--) {
    if (one != 0) {
      double before = path[i].weight;
      path[i].weight = next * (length + 1) / ((i + 1) * one);
      next = before - path[i].weight * zero * (length - i) / (length + 1);
    } else {
      path[i].weight = path[i].weight * (length + 1) / (zero * (length - i));
    }
  }
  for (int i = index; i < length; i++) path[i].feature = path[i + 1].feature, path[i].zero = path[i + 1].zero, path[i].one = path[i + 1].one;
}

static double unwound_sum(const step *path, int length, int index) {
  double one = path[index].one, zero = path[index].zero, next = path[length].weight, total = 0;
  for (int i = length - 1; i >= 0; i--) {
    if (one != 0) {
      double part = next * (length + 1) / ((i + 1) * one);
      total += part;
      next = path[i].weight - part * zero * (length - i) / (length + 1);
    } else {
      total += path[i].weight / zero / ((double)(length - i) / (length + 1));
    }
  }
  return total;
}

static void explain(const walk *w, uint32_t at, step *parent, int length, double zero, double one, int feature) {
  step *path = parent + length;
  if (length) memcpy(path, parent, (size_t)length * sizeof(step));
  extend(path, length, zero, one, feature);
  const node *n = w->f->nodes + at;
  if (n->feature < 0) {
    for (int i = 1; i <= length; i++)
      w->phi[path[i].feature] += unwound_sum(path, length, i) * (path[i].one - path[i].zero) * n->value;
    return;
  }
  int split = FEATURE(n->feature);
  float value = w->x[split + (n->feature & MISSING_LEFT ? 0 : (int)w->f->head.features)];
  uint32_t hot = n->left + (value >= n->value), cold = n->left + !(value >= n->value);
  double hot_share = w->f->nodes[hot].cover / (double)n->cover, cold_share = w->f->nodes[cold].cover / (double)n->cover;
  double incoming_zero = 1, incoming_one = 1;
  int earlier = 1;
  while (earlier <= length && path[earlier].feature != split) earlier++;
  if (earlier <= length) {
    incoming_zero = path[earlier].zero, incoming_one = path[earlier].one;
    unwind(path, length, earlier);
    length--;
  }
  explain(w, hot, path, length + 1, hot_share * incoming_zero, incoming_one, split);
  explain(w, cold, path, length + 1, cold_share * incoming_zero, 0, split);
}

static double mean_value(const forest *f, uint32_t at) {
  const node *n = f->nodes + at;
  if (n->feature < 0) return n->value;
  const node *left = f->nodes + n->left;
  return (mean_value(f, n->left) * left[0].cover + mean_value(f, n->left + 1) * left[1].cover) / n->cover;
}

/* Contributions to the margin of each output: for each row and output, one a feature, then the bias; their sum is the
 * margin. Returns 0; -1 where memory is out; -2 where the file lacks the covers that they need. */
EXPORT int forest_contribute(const forest *f, const double *rows, int64_t count, double *contributions) {
  if (!f->covered) return -2;
  uint32_t width = f->head.features, outputs = f->head.outputs;
  size_t steps = (size_t)(MAX_DEPTH + 3) * (MAX_DEPTH + 4) / 2 + MAX_DEPTH + 4;
  step *path = malloc(steps * sizeof(step));
  float *x = malloc(2 * (size_t)width * sizeof(float));
  double *bias = malloc(sizeof(double) * outputs);
  if (!path || !x || !bias) return free(path), free(x), free(bias), -1;
  for (uint32_t o = 0; o < outputs; o++) bias[o] = f->base[o];
  for (uint32_t t = 0; t < f->head.trees; t++) bias[f->output[t]] += mean_value(f, f->first[t]);
  for (int64_t r = 0; r < count; r++) {
    double *row = contributions + (size_t)r * outputs * (width + 1);
    memset(row, 0, sizeof(double) * outputs * (width + 1));
    for (uint32_t c = 0; c < width; c++) both(x + c, width, rows[r * width + c]);
    for (uint32_t t = 0; t < f->head.trees; t++) {
      walk w = {f, x, row + (size_t)f->output[t] * (width + 1)};
      explain(&w, f->first[t], path, 0, 1, 1, -1);
    }
    for (uint32_t o = 0; o < outputs; o++) row[(size_t)o * (width + 1) + width] = bias[o];
  }
  free(path), free(x), free(bias);
  return 0;
}
