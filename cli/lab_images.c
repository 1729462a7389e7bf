/* SPDX-License-Identifier: MIT
 * Images as sequences (Le, Jaitly & Hinton 2015): a digit is read pixel by pixel, in rows (--rows), or with its pixels in
 * one random order (--permuted), and named at the end.  Files are idx (LeCun), plain or gzip:
 *   recur lab images TRAIN-images TRAIN-labels TEST-images TEST-labels */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lab.h"

typedef struct { unsigned char *image, *label; int n, high, wide; } part;
typedef struct { part of[2]; int *order; int classes; } images;      /* training, test; [pixels] */

enum { IMAGES = 0x803, IMAGE_LABELS = 0x801, MOST = 1 << 26 };

static unsigned number(const unsigned char *p) { return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3]; }

/* An idx file of unsigned bytes: magic number, its sizes, the bytes.  size [3]: 1 where it has fewer. */
static unsigned char *read_idx(const char *path, unsigned magic, unsigned size[3])
{
    unsigned char head[16], *data = NULL;
    int rank = (int)(magic & 0xff), want = 4 + 4 * rank;
    gzFile f = gzopen(path, "rb");
    if (!f) {
        cli_note(say(SAY_CANNOT_OPEN), path, strerror(errno));
        return NULL;
    }
    bool good = gzread(f, head, (unsigned)want) == want && number(head) == magic;
    size[0] = size[1] = size[2] = 1;
    uint64_t all = 1;
    for (int i = 0; i < rank && good; i++) {
        size[i] = number(head + 4 + 4 * i);
        good = size[i] > 0 && size[i] < MOST && (all *= size[i]) < (1u << 31);
    }
    if (good && (data = malloc((size_t)all)) != NULL) {
        good = gzread(f, data, (unsigned)all) == (int)all && gzread(f, head, 1) == 0;
    }
    gzclose(f);
    if (good && data)
        return data;
    free(data);
    cli_note(say(SAY_LAB_IDX), path, magic == IMAGES ? "idx3, 0x803" : "idx1, 0x801");
    return NULL;
}

static int read_part(const char *const *path, part *p, int *classes)
{
    unsigned size[3], labels[3];
    if (!(p->image = read_idx(path[0], IMAGES, size)) || !(p->label = read_idx(path[1], IMAGE_LABELS, labels)))
        return CLI_DATA;
    if (labels[0] != size[0]) {
        cli_note(say(SAY_LAB_COUNTS), path[0], size[0], path[1], labels[0]);
        return CLI_DATA;
    }
    p->n = (int)size[0], p->high = (int)size[1], p->wide = (int)size[2];
    for (int i = 0; i < p->n; i++)
        *classes = p->label[i] >= *classes ? p->label[i] + 1 : *classes;
    return CLI_DONE;
}

static void shut(lab *l)
{
    images *m = l->data;
    for (int k = 0; m && k < 2; k++) {
        free(m->of[k].image);
        free(m->of[k].label);
    }
    if (m)
        free(m->order);
    free(m);
}

/* The order of the pixels; permuted: drawn from the seed (Fisher & Yates), the same for all images. */
static int *pixel_order(const lab *l, int n)
{
    int *order = calloc((size_t)n, sizeof *order);
    uint64_t k = lab_key((uint64_t)l->own->seed, 2, 0);
    for (int i = 0; order && i < n; i++)
        order[i] = i;
    for (int i = n - 1; order && l->own->permuted && i > 0; i--) {
        int j = (int)(lab_uniform(&k) * (i + 1)), was = order[i];
        order[i] = order[j];
        order[j] = was;
    }
    return order;
}

static int open(lab *l)
{
    images *m = l->data = calloc(1, sizeof *m);
    int code = CLI_DONE;
    if (!m)
        return CLI_MEMORY;
    if (l->c->args != 5) {
        cli_note("%s", say(SAY_LAB_FILES));
        return CLI_USAGE;
    }
    m->classes = 2;
    for (int k = 0; k < 2 && !code; k++)
        code = read_part(l->c->arg + 1 + 2 * k, &m->of[k], &m->classes);
    if (!code && (m->of[0].high != m->of[1].high || m->of[0].wide != m->of[1].wide)) {
        cli_note(say(SAY_LAB_SIZES), l->c->arg[1], l->c->arg[3]);
        code = CLI_DATA;
    }
    if (!code && !(m->order = pixel_order(l, m->of[0].high * m->of[0].wide)))
        code = CLI_MEMORY;
    l->count = m->of[1].n;
    return code;
}

static void form(const lab *l, int length, lab_form *out)
{
    const images *m = l->data;
    int pixels = m->of[0].high * m->of[0].wide, wide = l->own->rows ? m->of[0].wide : 1;
    (void)length;
    *out = (lab_form){.steps = pixels / wide, .features = wide, .classes = m->classes};
}

/* A training batch: images drawn at random; a test: one after the other, none beyond the last. */
static void fill(const lab *l, const lab_form *f, lab_batch *b, uint64_t which, bool test)
{
    const images *m = l->data;
    const part *p = &m->of[test];
    int pixels = f->steps * f->features;
    for (int s = 0; s < b->B; s++) {
        uint64_t i = which * (uint64_t)b->B + (uint64_t)s, k = lab_key((uint64_t)l->own->seed, 0, i);
        bool there = !test || i < (uint64_t)p->n;
        size_t at = test ? (there ? (size_t)i : 0) : (size_t)(lab_uniform(&k) * p->n);
        const unsigned char *image = p->image + at * (size_t)pixels;
        for (int t = 0; t < f->steps; t++)
            for (int c = 0; c < f->features; c++)
                b->x[(t * b->B + s) * f->features + c] = (float)image[m->order[t * f->features + c]] / 255;
        b->target[s] = there ? p->label[at] : -1;
    }
}

const lab_kind lab_images = {
    .name = "images", .what = SAY_LAB_IMAGES, .cells = "rnn,lstm,gru", .lengths = "0",
    .net = "input | %s | pool last | dense | softmax", .measure = "accuracy", .rising = true, .solved = 0.9, .size = 64, .steps = 1000, .lr = 3e-3,
    .open = open, .close = shut, .form = form, .fill = fill};
