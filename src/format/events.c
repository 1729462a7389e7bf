/* SPDX-License-Identifier: MIT
 * events.c - TensorBoard event files.  A record: length (u64), its masked CRC32C, the message, its masked CRC32C; the
 * first message tells the version.  Each record goes out at once: a board may watch while the training runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event.pb-c.h"
#include "format/format.h"

struct recur_events {
    recur *r;
    int fd;
    uint32_t crc[256];
    rc_buf record;
    char path[4096 + 512];
};

static double wall_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Castagnoli's polynomial, reflected (RFC 3720, B.4). */
static void crc_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0x82F63B78u : 0);
        table[i] = c;
    }
}

static uint32_t masked_crc(const uint32_t table[256], const void *s, size_t n)
{
    const unsigned char *p = s;
    uint32_t c = ~0u;
    while (n--)
        c = table[(c ^ *p++) & 0xFF] ^ c >> 8;
    c = ~c;
    return (c >> 15 | c << 17) + 0xA282EAD8u;
}

static void little(unsigned char *to, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(v >> 8 * i);
}

static int write_all(recur_events *e, const char *s, size_t n)
{
    while (n) {
        ssize_t k = write(e->fd, s, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return rc_fail(e->r, RECUR_EIO, "%s: cannot write: %s", e->path, strerror(errno));
        s += k;
        n -= (size_t)k;
    }
    return RECUR_OK;
}

static int put(recur_events *e, Recur__Event *event)
{
    event->wall_time = wall_time();
    size_t n = recur__event__get_packed_size(event);
    e->record.n = 0;
    unsigned char *s = (unsigned char *)rc_buf_room(&e->record, n + 16);
    if (!s)
        return e->record.error;
    little(s, n, 8);
    little(s + 8, masked_crc(e->crc, s, 8), 4);
    recur__event__pack(event, s + 12);
    little(s + 12 + n, masked_crc(e->crc, s + 12, n), 4);
    return write_all(e, (const char *)s, n + 16);
}

/* mkdir -p */
static int make_folder(recur_events *e, const char *dir)
{
    size_t n = strlen(dir);
    if (n == 0 || n > 4000)
        return rc_fail(e->r, RECUR_EIO, "a folder name of %zu bytes cannot be made", n);
    for (size_t i = 1; i <= n; i++)
        if (dir[i] == '/' || dir[i] == 0) {
            memcpy(e->path, dir, i);
            e->path[i] = 0;
            if (mkdir(e->path, 0777) && errno != EEXIST)
                return rc_fail(e->r, RECUR_EIO, "%s: cannot make the folder: %s", e->path, strerror(errno));
        }
    return RECUR_OK;
}

static int open_file(recur_events *e, const char *dir)
{
    char host[256] = "localhost";
    if (gethostname(host, sizeof host - 1))
        snprintf(host, sizeof host, "localhost");
    for (int i = 0; i < 1000; i++) {
        snprintf(e->path, sizeof e->path, "%s/events.out.tfevents.%010lld.%s.%ld.%d", dir, (long long)wall_time(),
                 host, (long)getpid(), i);
        e->fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (e->fd >= 0 || errno != EEXIST)
            break;
    }
    return e->fd < 0 ? rc_fail(e->r, RECUR_EIO, "%s: cannot create: %s", e->path, strerror(errno)) : RECUR_OK;
}

int recur_events_open(recur *r, recur_events **out, const char *dir)
{
    recur_events *e = *out = rc_new(r, 1, sizeof *e);
    if (!e)
        return RECUR_ENOMEM;
    e->r = r;
    e->fd = -1;
    crc_table(e->crc);
    rc_buf_init(&e->record, r, 0);
    char version[] = "brain.Event:2";
    Recur__Event first = RECUR__EVENT__INIT;
    first.what_case = RECUR__EVENT__WHAT_FILE_VERSION;
    first.file_version = version;
    int error = make_folder(e, dir);
    if (!error)
        error = open_file(e, dir);
    if (!error)
        error = put(e, &first);
    if (error) {
        recur_events_close(e);
        *out = NULL;
    }
    return error;
}

int recur_events_scalar(recur_events *e, const char *tag, int64_t step, double value)
{
    Recur__Value v = RECUR__VALUE__INIT, *list[] = { &v };
    Recur__Summary s = RECUR__SUMMARY__INIT;
    Recur__Event event = RECUR__EVENT__INIT;
    v.tag = (char *)(uintptr_t)tag;               /* only packed */
    v.value_case = RECUR__VALUE__VALUE_SIMPLE_VALUE;
    v.simple_value = (float)value;
    s.n_value = 1;
    s.value = list;
    event.step = step;
    event.what_case = RECUR__EVENT__WHAT_SUMMARY;
    event.summary = &s;
    return put(e, &event);
}

void recur_events_close(recur_events *e)
{
    if (!e)
        return;
    if (e->fd >= 0)
        close(e->fd);
    rc_buf_free(&e->record);
    rc_free(e->r, e);
}
