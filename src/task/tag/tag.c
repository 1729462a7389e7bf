/* SPDX-License-Identifier: MIT
 * tag.c - a tag for each word of a sentence, and one for the sentence as a whole: sentences -> examples.
 *
 * Columns of ids: units, pairs of neighbouring signs where units are signs, the shape of the letters.  The signs of a
 * word are an example of the side data, each different word once. */
#include "data/pick.h"
#include "task/tag/gather.h"

/* --- gathering sentences --- */

int rc_tag_entry(rc_tag_gather *g, rc_vocab *v, rc_span_text s, int32_t *out)
{
    int32_t id = rc_vocab_id(v, s.s, s.n);
    int e = id >= RC_FIRST ? RECUR_OK : rc_vocab_add(v, s.s, s.n, 0, &id);
    *out = id - RC_FIRST;
    if (e == RECUR_OK && id < RC_FIRST)
        return rc_fail(g->d->r, RECUR_EDATA, "a tag may not be named '%.*s'", (int)s.n, s.s);
    return e;
}

/* Blanks inside a word become signs of their own, so that words are parted by single blanks. */
static int add_word(rc_buf *out, const char *s, size_t n)
{
    for (size_t i = 0, from = 0; i <= n; i++)
        if (i == n || s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r')) {
            rc_buf_add(out, s + from, i - from);
            if (i < n)
                rc_buf_add(out, RC_TAG_BLANK, 3);
            from = i + 1;
        }
    return n == 0 ? rc_buf_add(out, RC_TAG_BLANK, 3) : out->error;
}

static int add_tags(rc_tag_gather *g, const rc_tagged *s)
{
    int e = RECUR_OK;
    for (int i = 0; i < s->n && e == RECUR_OK; i++) {
        int32_t id = -1, cp;
        rc_span_text t = s->tag != NULL ? s->tag[i] : (rc_span_text){ "", 0 };
        if (t.n == 1 && t.s[0] == 'M')
            t.s = "I";                                        /* B M E S is another name of B I E S */
        if (t.n > 0)
            e = rc_tag_entry(g, g->tags, t, &id), g->tagged++;
        if (e == RECUR_OK)
            e = rc_ids_add(&g->tag, id);
        g->single += rc_utf8_next(s->word[i].s, s->word[i].n, &cp) == (int)s->word[i].n && cp >= 0
            && rc_utf8_class(cp) != RC_LETTER;
    }
    return e;
}

static int take(void *ud, const rc_tagged *s)
{
    rc_tag_gather *g = ud;
    recur_data *d = g->d;
    rc_example *ex;
    size_t from = d->raw.n;
    int e = RECUR_OK;
    for (int i = 0; i < s->n && e == RECUR_OK; i++) {
        e = i > 0 ? rc_buf_add(&d->raw, " ", 1) : RECUR_OK;
        if (e == RECUR_OK)
            e = add_word(&d->raw, s->word[i].s, s->word[i].n);
    }
    size_t bytes = d->raw.n - from;
    if (e == RECUR_OK && g->part != RC_ALL) {                 /* a matter of the content alone: equal sentences stay together */
        bool held = rc_uniform(rc_key(1, RC_SPLIT, rc_hash(d->raw.s + from, bytes), 0), 0) < rc_held_part(g->o);
        if (held != (g->part == RC_HELD_PART)) {
            d->raw.n = from;
            g->elsewhere++;
            return RECUR_OK;
        }
    }
    size_t at = g->tag.n;
    if (e != RECUR_OK || (e = add_tags(g, s)) != RECUR_OK || (e = rc_data_example(d, &ex)) != RECUR_OK)
        return e;
    *ex = (rc_example){ .at = at, .text = from, .text_n = bytes, .T = s->n, .label = -1, .file = g->file,
                        .line = s->line, .weight = 1, .side = -1 };
    g->conllu = g->conllu || s->conllu;
    d->bytes += (int64_t)bytes;
    for (size_t i = from; i < d->raw.n; i++)
        d->chars += ((unsigned char)d->raw.s[i] & 0xC0) != 0x80 && d->raw.s[i] != ' ';
    return s->kind.n > 0 ? rc_tag_entry(g, g->kinds, s->kind, &ex->label) : RECUR_OK;
}

/* --- the whole --- */

static int begin(rc_tag_gather *g)
{
    recur *r = g->d->r;
    g->tag.r = r;
    rc_buf_init(&g->one, r, 0);
    rc_buf_init(&g->normal, r, 0);
    g->segment = g->like != NULL ? rc_tag_segments(g->like->form) : g->o != NULL && g->o->segmented > 0;
    int e = rc_vocab_new(r, &g->tags);
    return e == RECUR_OK ? rc_vocab_new(r, &g->kinds) : e;
}

static void end(rc_tag_gather *g)
{
    rc_vocab_free(g->tags);
    rc_vocab_free(g->kinds);
    rc_map_free(g->words);
    rc_ids_free(&g->tag);
    rc_buf_free(&g->one);
    rc_buf_free(&g->normal);
}

static int finish(rc_tag_gather *g)
{
    recur_data *d = g->d;
    g->signs = g->segment || (double)g->single > 0.9 * (double)g->tag.n;
    if (g->like != NULL) {
        d->learned = false;
        d->labels = rc_vocab_share(g->like->labels);
        d->classes = rc_vocab_size(d->labels) - RC_FIRST;
    } else if (g->tagged == 0) {
        return rc_fail(d->r, RECUR_EDATA, "%s: no tag found: a line is word<TAB>tag, and --segment reads words parted by blanks",
                       d->paths > 0 ? d->path[0] : "examples");
    }
    int e = rc_tag_form(g);
    if (e == RECUR_OK)
        e = rc_tag_labels(g);
    if (e == RECUR_OK)
        d->classes = rc_vocab_size(d->labels) - RC_FIRST;
    if (e == RECUR_OK && g->like == NULL && d->classes < 2)
        e = rc_fail(d->r, RECUR_EDATA, "%s: one tag alone: nothing can be learned; --column says where the tags stand",
                    d->paths > 0 ? d->path[0] : "examples");
    return e == RECUR_OK ? rc_tag_units(g) : e;
}

static int read_files(rc_tag_gather *g, const char *const *path, int n)
{
    recur_data *d = g->d;
    int e = rc_data_paths(d, path, n);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        g->file = i;
        e = rc_tag_sentences(d->r, path[i], g->o, g->segment, take, g, g->problems);
    }
    return e;
}

static int tag_read(recur_data *d, const char *const *path, int n, const recur_train_options *o, const rc_like *like,
                    int part, json_t *problems)
{
    recur_train_options as_learned = *o;                      /* where nothing is said, the column is that of the training */
    json_int_t column = like != NULL ? json_integer_value(json_object_get(like->form, "column")) : 0;
    if (as_learned.column < 1 && column > 0)
        as_learned.column = column;
    rc_tag_gather g = { .d = d, .o = &as_learned, .like = like, .part = part, .problems = problems };
    size_t bad = json_array_size(problems);
    int e = begin(&g);
    if (e == RECUR_OK)
        e = read_files(&g, path, n);
    d->skipped = (int64_t)(json_array_size(problems) - bad);
    if (e == RECUR_OK && d->count == 0 && (g.elsewhere == 0 || like == NULL))
        e = rc_fail(d->r, RECUR_EDATA, g.elsewhere > 0 ? "%s: too few sentences: all fall into the held-out part"
                    : "%s: no usable sentence: a line is word<TAB>tag, an empty line ends a sentence", path[0]);
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    return e;
}

int rc_tag_words(recur_data *d, const rc_tagged *s, int n, const rc_like *like)
{
    rc_tag_gather g = { .d = d, .like = like, .part = RC_ALL };
    int e = begin(&g);
    for (int i = 0; i < n && e == RECUR_OK; i++)
        e = take(&g, &s[i]);
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    return e;
}

/* A text of the callback: words parted by blanks, or, where the model finds words, signs. */
static int take_text(rc_tag_gather *g, const char *s)
{
    rc_span_text *word = NULL;
    size_t length = strlen(s), n = 0;
    int e = RECUR_OK;
    if (g->segment)
        return rc_tag_signs(g->d->r, s, length, take, g);
    if ((word = rc_new(g->d->r, length / 2 + 1, sizeof *word)) == NULL)
        return RECUR_ENOMEM;
    for (size_t i = 0; i < length; i++) {
        size_t from = i;
        while (i < length && !strchr(" \t\r\n\f\v", s[i]))
            i++;
        if (i > from)
            word[n++] = (rc_span_text){ s + from, i - from };
    }
    if (n > 0)
        e = take(g, &(rc_tagged){ word, NULL, (int)n, { "", 0 }, g->d->count + 1, false });
    rc_free(g->d->r, word);
    return e;
}

static int tag_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o, const rc_like *like)
{
    rc_tag_gather g = { .d = d, .o = o, .like = like, .part = RC_ALL };
    recur_example ex = { 0 };
    int got = 0, e = like != NULL ? begin(&g)
        : rc_fail(d->r, RECUR_EDATA, "a tagger learns from files: a callback's texts have no tags");
    while (e == RECUR_OK && (got = next(ud, &ex)) == 0)
        e = ex.text != NULL ? take_text(&g, ex.text)
            : rc_fail(d->r, RECUR_EDATA, "example %d has no text", d->count + 1);
    e = got < 0 ? got : e;
    if (e == RECUR_OK && d->count == 0)
        e = rc_fail(d->r, RECUR_EDATA, "the callback gave no example");
    if (e == RECUR_OK)
        e = finish(&g);
    if (like != NULL)
        end(&g);
    return e;
}

static const char *const own[] = {
    "pairs", "vectors", "min-count", "max-vocab", "max-length", "lower", "nfkc", "column", "segment", "scheme", "batch-units",
    "smooth", "focal", NULL,
};

const rc_task rc_task_tag = {
    .name = "tag", .help = "a tag for each word of a sentence, or where words end in text without blanks", .head = "crf", .verb = "tag", .own = own,
    .metric = "f1", .rising = true, .measure = rc_tag_measure,
    .read = tag_read, .pull = tag_pull, .choose = rc_tag_choose, .prepare = rc_tag_prepare, .ready = rc_tag_ready, .score = rc_tag_score,
    .eval = rc_tag_eval, .baseline = rc_tag_baseline, .check = rc_tag_check,
};
