/* SPDX-License-Identifier: MIT
 * What key.c (options of a layer or head) and line.c (a net as text) give to spec.c (the line of text -> a net). */
#ifndef RC_NET_SPEC_H
#define RC_NET_SPEC_H
#include "net/net.h"

typedef struct { recur *r; const char *what; const rc_key_row *row; int n; void *to; } rc_keys;   /* what: "layer 2 (lstm)", for messages */
int rc_keys_defaults(const rc_keys *k);
int rc_keys_read(const rc_keys *k, char *text);              /* "512 bi act=relu", taken apart in place */
int rc_keys_print(const rc_keys *k, rc_buf *out);            /* what differs from the defaults, each after a blank */
int rc_net_print(rc_net *net);                               /* net->line, in its canonical form */
#endif
