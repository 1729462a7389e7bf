/* SPDX-License-Identifier: MIT
 * gather.h - what is known while sentences become examples: tag.c reads them, label.c makes labels of their tags,
 * units.c makes ids of their words. */
#ifndef RC_TAG_GATHER_H
#define RC_TAG_GATHER_H
#include "task/tag/tag.h"

#define RC_TAG_BLANK "\xE2\x96\x81"     /* U+2581 */
typedef struct {
    recur_data *d;
    const recur_train_options *o;
    const rc_like *like;
    json_t *problems;
    rc_vocab *tags, *kinds;              /* as they stand in the files, in order of appearance */
    rc_ids tag;                          /* of every word, entry of `tags`; -1: none */
    rc_map *words;                       /* word -> its example of the side data */
    rc_buf one, normal;                  /* a word, a sentence as it is looked up */
    bool segment, signs;                 /* signs: units are signs of a script without blanks */
    bool conllu;                         /* some sentence is of CoNLL-U */
    int part, file;
    int64_t elsewhere, tagged, single;   /* sentences of the other part; words with a tag, of one sign */
} rc_tag_gather;

int rc_tag_entry(rc_tag_gather *g, rc_vocab *v, rc_span_text s, int32_t *out);        /* found or added */
int rc_tag_form(rc_tag_gather *g);       /* d->form: learned, or the model's */
int rc_tag_labels(rc_tag_gather *g);     /* g->tag: entries of the files' tags -> labels; ex.label likewise */
int rc_tag_units(rc_tag_gather *g);      /* words -> ids; long sentences -> pieces */
#endif
