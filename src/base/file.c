/* SPDX-License-Identifier: MIT
 * file.c - whole files in and out.  What is written appears at once or not at all: a temporary beside the target,
 * fsync, rename, fsync of the folder.  A failed fsync is never tried again (Linux may have dropped the pages). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/base.h"

enum { PIECE = 1 << 16, TRIES = 100 };
#define NAME 4096                         /* bytes of a path */

uint64_t rc_hash(const void *s, size_t n)
{
    return XXH3_64bits(s, n);
}

bool rc_lines_next(rc_lines *l, const char **s, size_t *n)
{
    if (l->s >= l->end)
        return false;
    const char *stop = memchr(l->s, '\n', (size_t)(l->end - l->s));
    const char *end = stop ? stop : l->end;
    *s = l->s;
    *n = (size_t)(end - l->s);
    if (*n && end[-1] == '\r')
        --*n;
    l->s = stop ? stop + 1 : l->end;
    l->line++;
    return true;
}

/* --- reading --- */
static int no_file(recur *r, const char *what, const char *path)
{
    return rc_fail(r, RECUR_EIO, "%s: cannot %s: %s", path, rc_speak(r, what), strerror(errno));
}

/* guess: bytes that the file probably has.  At the limit a last read of one byte tells whether there are more. */
static int read_all(recur *r, int fd, const char *path, size_t guess, rc_buf *out)
{
    for (size_t want = guess + 1;; want = PIECE) {
        const size_t left = out->limit - out->n;
        char more, *to = left ? rc_buf_room(out, want < left ? want : left) : &more;
        if (!to)
            return out->error;
        ssize_t k = read(fd, to, !left ? 1 : want < left ? want : left);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return no_file(r, "read", path);
        if (k && !left)
            return rc_fail(r, RECUR_EDATA, "%s: longer than %zu bytes, the most that is read", path, out->limit);
        out->n += (size_t)k;
        if (out->s)
            out->s[out->n] = 0;
        if (k == 0)
            return RECUR_OK;
    }
}

/* gzip of one or more members (RFC 1952); what follows the last as zeros is padding of tapes. */
static int expand(recur *r, const char *path, const rc_buf *in, rc_buf *out)
{
    z_stream z = { .next_in = (Bytef *)in->s };
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return rc_fail(r, RECUR_ENOMEM, "%s: out of memory for gzip", path);
    size_t left = in->n;
    int e = RECUR_OK, state = Z_OK;
    while (!e) {
        uInt give = left < PIECE ? (uInt)left : PIECE;
        char *to = rc_buf_room(out, PIECE);
        if (!to) {
            e = out->error;
            break;
        }
        z.avail_in = give;
        z.next_out = (Bytef *)to;
        z.avail_out = PIECE;
        state = inflate(&z, Z_NO_FLUSH);
        left -= give - z.avail_in;
        out->n += PIECE - z.avail_out;
        out->s[out->n] = 0;
        if (state == Z_STREAM_END && (left == 0 || *z.next_in == 0))
            break;
        if (state == Z_STREAM_END)
            state = inflateReset(&z);
        else if (state == Z_BUF_ERROR || (state == Z_OK && left == 0 && z.avail_out))
            e = rc_fail(r, RECUR_EDATA, "%s: gzip file cut short after %zu bytes", path, in->n);
        else if (state != Z_OK)
            e = rc_fail(r, RECUR_EDATA, "%s: damaged gzip file at byte %zu (%s)", path, in->n - left,
                        rc_speak(r, z.msg ? z.msg : "no reason given"));
    }
    inflateEnd(&z);
    return e;
}

int rc_file_read(recur *r, const char *path, rc_buf *out)
{
    const bool in = strcmp(path, "-") == 0;
    int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return no_file(r, "open", path);
    struct stat st;
    rc_buf raw;
    rc_buf_init(&raw, r, out->limit);
    int e = RECUR_OK;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        e = rc_fail(r, RECUR_EIO, "%s: is a folder, a file is wanted", path);
    else
        e = read_all(r, fd, path, S_ISREG(st.st_mode) ? (size_t)st.st_size : PIECE, &raw);
    if (!in)
        close(fd);
    if (!e && raw.n >= 2 && memcmp(raw.s, "\x1f\x8b", 2) == 0) {
        e = expand(r, path, &raw, out);
    } else if (!e && out->n == 0) {                     /* hand over instead of copying */
        rc_free(r, out->s);
        *out = raw;
        rc_buf_init(&raw, r, 0);
    } else if (!e) {
        e = rc_buf_add(out, raw.s, raw.n);
    }
    rc_buf_free(&raw);
    return e;
}

/* --- writing --- */
struct rc_file {
    recur *r;
    int fd;
    bool straight;               /* a device or pipe: nothing to rename */
    char path[NAME], temporary[NAME + 32];
    size_t used;
    char held[PIECE];
};

static int flush(rc_file *f, const char *s, size_t n)
{
    while (n) {
        ssize_t k = write(f->fd, s, n < (1u << 30) ? n : 1u << 30);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return no_file(f->r, "write", f->path);
        s += k;
        n -= (size_t)k;
    }
    return RECUR_OK;
}

/* A name beside the target that nobody has.  The mode is that of the old file, else the umask's. */
static int open_temporary(rc_file *f, const struct stat *old)
{
    for (int i = 0; i < TRIES; i++) {
        snprintf(f->temporary, sizeof f->temporary, "%s.tmp.%ld.%d", f->path, (long)getpid(), i);
        f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd >= 0) {
            if (old)
                (void)fchmod(f->fd, old->st_mode & 07777);
            return RECUR_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return no_file(f->r, "create", f->path);
}

static int locate(rc_file *f, const char *path)
{
    char *target = realpath(path, NULL);                  /* a link stays one: its target is replaced */
    const char *name = target ? target : path;
    size_t n = strlen(name);
    if (n < sizeof f->path)
        memcpy(f->path, name, n + 1);
    free(target);
    return n && n < sizeof f->path ? RECUR_OK : rc_fail(f->r, RECUR_EIO, "cannot write: a path of %zu bytes", n);
}

int rc_file_begin(recur *r, rc_file **out, const char *path)
{
    rc_file *f = *out = rc_new(r, 1, sizeof *f);
    if (!f)
        return RECUR_ENOMEM;
    f->r = r;
    f->fd = -1;
    struct stat st;
    int e = locate(f, path);
    const bool exists = !e && stat(f->path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        e = rc_fail(r, RECUR_EIO, "%s: is a folder, a file name is wanted", path);
    } else if (exists && !S_ISREG(st.st_mode)) {
        f->straight = true;
        f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
        e = f->fd < 0 ? no_file(r, "open", path) : RECUR_OK;
    } else if (exists && access(f->path, W_OK) != 0) {   /* rename would replace a protected file */
        e = no_file(r, "write", path);
    } else if (!e) {
        e = open_temporary(f, exists ? &st : NULL);
    }
    if (!e)
        return RECUR_OK;
    rc_file_abort(f);
    *out = NULL;
    return e;
}

int rc_file_put(rc_file *f, const void *s, size_t n)
{
    if (n > sizeof f->held - f->used) {
        int e = flush(f, f->held, f->used);
        f->used = 0;
        if (e || n > sizeof f->held)
            return e ? e : flush(f, s, n);
    }
    if (n)
        memcpy(f->held + f->used, s, n);
    f->used += n;
    return RECUR_OK;
}

static int sync_folder(rc_file *f)
{
    char *slash = strrchr(f->path, '/');
    if (slash)
        slash[slash == f->path] = 0;
    int fd = open(slash ? f->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return RECUR_OK;                                /* write-only folders exist; the file itself is safe */
    int failed = fsync(fd) && errno != EINVAL && errno != EROFS;
    int e = failed ? no_file(f->r, "sync folder", f->path) : RECUR_OK;
    close(fd);
    return e;
}

int rc_file_commit(rc_file *f)
{
    int e = flush(f, f->held, f->used);
    if (!e && !f->straight && fsync(f->fd))
        e = no_file(f->r, "sync", f->path);
    int closed = close(f->fd);
    f->fd = -1;
    if (!e && closed)
        e = no_file(f->r, "close", f->path);
    if (!e && !f->straight) {
        if (rename(f->temporary, f->path))
            e = no_file(f->r, "replace", f->path);
        else
            f->temporary[0] = 0;
        if (!e)
            e = sync_folder(f);
    }
    rc_file_abort(f);
    return e;
}

void rc_file_abort(rc_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary[0] && !f->straight)
        unlink(f->temporary);
    rc_free(f->r, f);
}
