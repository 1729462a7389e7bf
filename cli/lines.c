/* SPDX-License-Identifier: MIT
 * Lines of a file or of stdin as they arrive, plain or gzip (found from the first two bytes), of any system's line end.
 * A pipe gives what it has: nobody waits for a full buffer.  Other encodings than UTF-8 are converted by the system. */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cli.h"

enum { CHUNK = 1 << 16, LONGEST = 1 << 24 };

typedef struct {
    int fd, gzip, ended;                 /* gzip -1: not yet known */
    const char *name;
    int64_t line;
    char *text; size_t at, n, room;      /* text[at..n) is not yet handed out; one byte beyond n is ours */
    unsigned char raw[CHUNK]; size_t raw_n;
    z_stream z;
    iconv_t from; const char *encoding;  /* NULL: bytes as they are */
    char *utf8; size_t utf8_room;
    bool warned;
} lines;

static void close_lines(lines *l)
{
    if (!l)
        return;
    if (l->gzip > 0)
        inflateEnd(&l->z);
    if (l->fd != STDIN_FILENO)
        close(l->fd);
    if (l->encoding)
        iconv_close(l->from);
    free(l->utf8);
    free(l->text);
    free(l);
}

static int open_encoding(lines *l, const char *encoding)
{
    if (!encoding)
        return CLI_DONE;
    l->from = iconv_open("UTF-8", encoding);
    if (l->from == (iconv_t)-1) {
        cli_note(say(SAY_BAD_ENCODING), encoding);
        return CLI_USAGE;
    }
    l->encoding = encoding;
    return CLI_DONE;
}

/* Path "-" or NULL: stdin. */
static int open_lines(lines **out, const char *path, const char *encoding)
{
    bool in = !path || strcmp(path, "-") == 0;
    lines *l = *out = calloc(1, sizeof *l);
    if (!l) {
        cli_note("%s", recur_strerror(RECUR_ENOMEM));
        return CLI_MEMORY;
    }
    l->name = in ? say(SAY_STDIN) : path;
    l->gzip = -1;
    l->fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0) {
        cli_note(say(SAY_CANNOT_OPEN), path, strerror(errno));
        free(l);
        *out = NULL;
        return CLI_IO;
    }
    int code = open_encoding(l, encoding);
    if (code) {
        close_lines(l);
        *out = NULL;
    }
    return code;
}

static int grow(lines *l, size_t more)
{
    if (l->at)
        memmove(l->text, l->text + l->at, l->n - l->at);
    l->n -= l->at;
    l->at = 0;
    if (l->n + more + 1 <= l->room)
        return 0;
    char *text = realloc(l->text, 2 * (l->n + more + 1));
    if (!text) {
        cli_note("%s", recur_strerror(RECUR_ENOMEM));
        return -CLI_MEMORY;
    }
    l->text = text;
    l->room = 2 * (l->n + more + 1);
    return 0;
}

/* Reads once.  > 0: bytes in raw; 0: end; < 0: said why. */
static int fetch(lines *l, size_t keep)
{
    ssize_t got;
    do
        got = read(l->fd, l->raw + keep, sizeof l->raw - keep);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        cli_note(say(SAY_CANNOT_READ), l->name, strerror(errno));
        return -CLI_IO;
    }
    l->raw_n = keep + (size_t)got;
    return got > 0;
}

static int damaged(const lines *l)
{
    cli_note(say(SAY_BAD_GZIP), l->name);
    return -CLI_DATA;
}

/* The first bytes tell the form; one byte alone does not. */
static int sniff(lines *l)
{
    int e = fetch(l, 0);
    while (e > 0 && l->raw_n == 1 && l->raw[0] == 0x1f)
        e = fetch(l, 1);
    if (e < 0)
        return e;
    l->gzip = l->raw_n >= 2 && l->raw[0] == 0x1f && l->raw[1] == 0x8b;
    if (l->gzip && inflateInit2(&l->z, 15 + 16) != Z_OK)
        return damaged(l);
    return l->raw_n > 0;
}

static int inflate_some(lines *l)
{
    l->z.next_in = l->raw;
    l->z.avail_in = (uInt)l->raw_n;
    while (l->z.avail_in) {
        int e = grow(l, CHUNK);
        if (e < 0)
            return e;
        l->z.next_out = (unsigned char *)l->text + l->n;
        l->z.avail_out = CHUNK;
        int z = inflate(&l->z, Z_NO_FLUSH);
        l->n += CHUNK - l->z.avail_out;
        if (z == Z_STREAM_END && l->z.avail_in)
            z = inflateReset(&l->z);     /* gzip files may stand behind one another */
        l->ended = z == Z_STREAM_END;
        if (z != Z_OK && z != Z_STREAM_END)
            return damaged(l);
    }
    return 1;
}

/* More text; 0: there is no more. */
static int more(lines *l)
{
    bool whole = l->ended;
    int e = l->gzip < 0 ? sniff(l) : fetch(l, 0);
    if (e < 0)
        return e;
    if (e == 0) {
        l->raw_n = 0;
        return l->gzip > 0 && !whole ? damaged(l) : 0;
    }
    if (l->gzip)
        return inflate_some(l);
    if ((e = grow(l, l->raw_n)) < 0)
        return e;
    memcpy(l->text + l->n, l->raw, l->raw_n);
    l->n += l->raw_n;
    return 1;
}

/* ASCII is the same in all encodings that lines can be found in. */
static bool plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == 0 || (unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

/* One line as UTF-8; a byte that is nothing in its encoding becomes U+FFFD, so does a 0, which would end the line. */
static int convert(lines *l, const char **text, size_t n)
{
    char *in = (char *)(uintptr_t)*text;
    const char *start = in, *end = in + n;
    size_t room = 3 * n + 8;
    if (plain(in, n))
        return 1;
    if (room > l->utf8_room) {
        char *more_room = realloc(l->utf8, room);
        if (!more_room) {
            cli_note("%s", recur_strerror(RECUR_ENOMEM));
            return -CLI_MEMORY;
        }
        l->utf8 = more_room;
        l->utf8_room = room;
    }
    char *out = l->utf8;
    room = l->utf8_room - 1;
    iconv(l->from, NULL, NULL, NULL, NULL);
    while (in < end) {
        const char *zero = memchr(in, 0, (size_t)(end - in));
        size_t left = (size_t)((zero ? zero : end) - in);
        if (left && iconv(l->from, &in, &left, &out, &room) != (size_t)-1 && !zero)
            break;
        if (!l->warned)
            cli_note(say(SAY_BAD_BYTES), l->name, (long long)l->line, (long long)(in - start) + 1, l->encoding);
        l->warned = true;
        memcpy(out, "\xef\xbf\xbd", 3);
        out += 3;
        room -= 3;
        in++;
    }
    *out = 0;
    *text = l->utf8;
    return 1;
}

/* The next one without its end; 1: there is one, 0: no more, < 0: unreadable (said why). */
static int next_line(lines *l, const char **text)
{
    size_t seen = 0;
    int e = 1;
    char *end = NULL;
    while (e > 0) {
        size_t have = l->n - l->at;
        end = have > seen ? memchr(l->text + l->at + seen, '\n', have - seen) : NULL;
        if (end)
            break;
        seen = have;
        if (seen > LONGEST) {
            cli_note(say(SAY_LONG_LINE), l->name, (long long)l->line + 1);
            return -CLI_DATA;
        }
        e = more(l);
    }
    if (e < 0 || (!end && l->n == l->at))
        return e < 0 ? e : 0;
    if (!end)
        end = l->text + l->n;            /* the last line without its end */
    char *start = l->text + l->at;
    l->at = (size_t)(end - l->text) + (end < l->text + l->n);
    if (end > start && end[-1] == '\r')
        end--;
    if (++l->line == 1 && end - start >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0)
        start += 3;
    *end = 0;
    *text = start;
    return l->encoding ? convert(l, text, (size_t)(end - start)) : 1;
}

int cli_each_line(const cli *c, const char *path, const char *encoding, cli_take *take, void *ud)
{
    lines *l;
    const char *text;
    int code = open_lines(&l, path, encoding), e = 1;
    if (!path && isatty(STDIN_FILENO) && !c->common.quiet)
        cli_note("%s", say(SAY_TYPE_PROMPT));
    while (!code && (e = next_line(l, &text)) > 0 && !ferror(stdout))
        code = take(ud, text);
    close_lines(l);
    return code ? code : e < 0 ? -e : CLI_DONE;
}

/* --- many lines together --- */

typedef struct { cli_take_lines *take; void *ud; char **text; int n, most; } group;

static int give(group *g)
{
    int code = g->n ? g->take(g->ud, g->text, g->n) : CLI_DONE;
    while (g->n)
        free(g->text[--g->n]);
    return code;
}

static int gather(void *ud, const char *text)
{
    group *g = ud;
    if (!(g->text[g->n] = strdup(text)))
        return CLI_MEMORY;
    if (++g->n < g->most)
        return CLI_DONE;
    int code = give(g);
    if (g->most == 1)
        fflush(stdout);
    return code;
}

int cli_each_lines(const cli *c, const char *path, const char *encoding, int together, cli_take_lines *take, void *ud)
{
    group g = {.take = take, .ud = ud, .most = together, .text = calloc((size_t)together, sizeof *g.text)};
    int code = g.text ? cli_each_line(c, path, encoding, gather, &g) : CLI_MEMORY;
    int rest = give(&g);
    free(g.text);
    return code ? code : rest;
}
