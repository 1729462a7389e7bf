/* SPDX-License-Identifier: MIT
 * What is seen of a training: one line of a terminal that is written over, plain lines elsewhere (one every 30 s at most,
 * and each evaluation), a log of JSON lines, event files for TensorBoard, the points of the curve. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

#define PLAIN_EVERY 30.0                 /* seconds between plain lines */
#define DRAWN_EVERY 0.1                  /* between changes of the terminal's line */
#define LOGGED_EVERY 1.0                 /* between steps in the log */

void cli_time(char *out, size_t n, double seconds)
{
    long long s = isfinite(seconds) && seconds > 0 ? (long long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(out, n, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, n, "%lld:%02lld", s / 60, s % 60);
}

int cli_columns(int fd)
{
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

static void units(char *out, size_t n, double rate)
{
    if (rate >= 1e6)
        snprintf(out, n, "%.2fM", rate / 1e6);
    else if (rate >= 1e4)
        snprintf(out, n, "%.0fk", rate / 1e3);
    else
        snprintf(out, n, "%.0f", rate);
}

/* The line of both forms; a terminal's is cut to its width. */
static void describe(const cli_watch *w, const recur_progress *p, char *out, size_t n)
{
    char rate[32], left[32], held[96] = "", pace[128] = "";
    units(rate, sizeof rate, p->rate);
    cli_time(left, sizeof left, p->left);
    if (p->rate > 0)                     /* the first step tells no pace */
        snprintf(pace, sizeof pace, "  %s %s  %s %s", rate, say(SAY_RATE), isfinite(p->left) ? left : "-:--", say(SAY_LEFT));
    if (isfinite(p->held))
        snprintf(held, sizeof held, "  %s %s %.4f%s", say(SAY_HELD), p->metric ? p->metric : "", p->held, p->better ? " *" : "");
    long long epoch = (long long)p->epoch + !w->epoch_ended;
    snprintf(out, n, "%s %lld  %s %lld/%lld  %s %.4f%s%s", say(SAY_EPOCH), epoch, say(SAY_STEP), (long long)p->step,
             (long long)p->steps, say(SAY_LOSS), p->loss, held, pace);
}

/* Cuts the text to so many columns, never within a sign. */
static void cut(char *text, int columns)
{
    size_t n = strlen(text);
    while (n && cli_width(text) > (size_t)columns) {
        while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
            n--;
        text[n ? --n : 0] = 0;
    }
}

void cli_watch_clear(cli_watch *w)
{
    if (w->drawn)
        fputs("\r\033[K", stderr);
    w->drawn = false;
}

static void draw(cli_watch *w, const recur_progress *p)
{
    char line[512];
    bool step = p->event == RECUR_STEP;
    double every = w->terminal ? DRAWN_EVERY : PLAIN_EVERY;
    if (!w->shown || (step && p->seconds - w->last_drawn < every && p->step < p->steps))
        return;
    if (step && !w->terminal && p->step >= p->steps)
        return;                          /* an evaluation follows with the same numbers */
    w->last_drawn = p->seconds;
    describe(w, p, line, sizeof line);
    if (!w->terminal) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    cut(line, cli_columns(STDERR_FILENO) - 1);
    fprintf(stderr, "\r\033[K%s", line);
    w->drawn = step;
    if (!step)
        fputc('\n', stderr);
    fflush(stderr);
}

static const char *const event_name[] = {
    [RECUR_CHOSEN] = "chosen", [RECUR_STEP] = "step", [RECUR_EVALUATED] = "evaluated", [RECUR_SAVED] = "saved",
    [RECUR_FINISHED] = "finished", [RECUR_WARNED] = "warned",
};

static void real_into(json_t *j, const char *key, double x)
{
    if (isfinite(x))
        json_object_set_new(j, key, json_real(x));
}

static json_t *line_of(const recur_progress *p)
{
    json_t *j = json_pack("{s:s}", "event", event_name[p->event]);
    if (p->text)
        json_object_set_new(j, "text", json_string(p->text));
    if (p->event == RECUR_CHOSEN || p->event == RECUR_WARNED)
        return j;
    json_object_set_new(j, "epoch", json_integer(p->epoch));
    json_object_set_new(j, "step", json_integer(p->step));
    json_object_set_new(j, "steps", json_integer(p->steps));
    real_into(j, "loss", p->loss);
    if (p->event != RECUR_STEP) {
        if (p->metric)
            json_object_set_new(j, "metric", json_string(p->metric));
        real_into(j, "held", p->held);
        json_object_set_new(j, "better", json_boolean(p->better));
    }
    real_into(j, "lr", p->lr);
    real_into(j, "norm", p->norm);
    real_into(j, "rate", p->rate);
    real_into(j, "seconds", p->seconds);
    return j;
}

static void log_line(cli_watch *w, const recur_progress *p)
{
    bool step = p->event == RECUR_STEP;
    if (step && p->step > 1 && p->seconds - w->last_logged < LOGGED_EVERY)
        return;
    if (step)
        w->last_logged = p->seconds;
    char *text = NULL;
    for (int i = 0; i < 2; i++) {
        if (!w->log[i])
            continue;
        json_t *j = line_of(p);
        text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(8));
        fprintf(w->log[i], "%s\n", text ? text : "");
        fflush(w->log[i]);
        free(text);
        json_decref(j);
    }
    if (!w->events)
        return;
    if (step) {
        recur_events_scalar(w->events, "train/loss", p->step, p->loss);
        recur_events_scalar(w->events, "train/lr", p->step, p->lr);
        recur_events_scalar(w->events, "train/norm", p->step, p->norm);
        recur_events_scalar(w->events, "train/units_per_second", p->step, p->rate);
    }
    if (p->event == RECUR_EVALUATED) {
        char tag[64];
        snprintf(tag, sizeof tag, "held/%s", p->metric ? p->metric : "metric");
        recur_events_scalar(w->events, tag, p->step, p->held);
    }
}

/* What the signals ask for: 1 to stop, -1 to save and go on. */
static int wish(const cli_watch *w, bool step)
{
    if (w->stop && *w->stop)
        return 1;
    if (!step || !w->save || !*w->save)
        return 0;
    *w->save = 0;
    return -1;
}

/* The curve of a resumed training begins where the training did: its log has the points up to the step that it goes on
 * from.  What was done after that checkpoint is done again, so those points are left out. */
static void recall(cli_watch *w, int64_t next)
{
    char *line = NULL;
    size_t room = 0;
    int64_t last[2] = {0, 0};
    while (getline(&line, &room, w->before) > 0) {
        json_t *j = json_loads(line, 0, NULL);
        const char *event = json_string_value(json_object_get(j, "event"));
        int64_t step = json_integer_value(json_object_get(j, "step"));
        bool held = event && strcmp(event, event_name[RECUR_EVALUATED]) == 0;
        const json_t *y = json_object_get(j, held ? "held" : "loss");
        if (event && (held || strcmp(event, event_name[RECUR_STEP]) == 0) && json_is_number(y) && step > last[held] && step < next)
            cli_curve_add(w->curve, held, last[held] = step, json_number_value(y));
        json_decref(j);
    }
    free(line);
    fclose(w->before);
    w->before = NULL;
}

int cli_watch_see(void *ud, const recur_progress *p)
{
    cli_watch *w = ud;
    if (p->event == RECUR_PACED)
        return wish(w, false);
    if (p->event == RECUR_STEP && w->before)
        recall(w, p->step);
    log_line(w, p);
    if (p->event == RECUR_STEP) {
        cli_curve_add(w->curve, false, p->step, p->loss);
        w->epoch_ended = p->epoch > w->last.epoch;       /* epochs are told as those done; shown is the one at work */
    }
    if (p->event == RECUR_EVALUATED) {
        cli_curve_add(w->curve, true, p->step, p->held);
        if (p->better)
            w->best_step = p->step;
    }
    if (p->event == RECUR_STEP || p->event == RECUR_EVALUATED) {
        w->last = *p;
        snprintf(w->metric, sizeof w->metric, "%s", p->metric ? p->metric : "");
        draw(w, p);
    }
    if (p->event == RECUR_FINISHED) {
        w->finished = true;
        w->best = p->held;
        w->last.seconds = p->seconds;
    }
    if (p->text && (p->event == RECUR_WARNED || (w->speaks && (p->event == RECUR_CHOSEN || w->verbose)))) {
        cli_watch_clear(w);
        if (p->event == RECUR_CHOSEN && !w->chosen++)
            fprintf(stderr, "%s\n", say(SAY_CHOSEN));
        if (p->event == RECUR_CHOSEN)
            fprintf(stderr, "  %s\n", p->text);
        else
            cli_note("%s", p->text);
    }
    return w->dry && p->event == RECUR_CHOSEN ? 1 : wish(w, p->event == RECUR_STEP);
}

static FILE *open_log(const char *path, bool resume, int *code)
{
    FILE *f = fopen(path, resume ? "a" : "w");
    if (!f) {
        cli_note(say(SAY_CANNOT_WRITE), path, strerror(errno));
        *code = CLI_IO;
    }
    return f;
}

int cli_watch_open(cli_watch *w, const cli *c, const char *log, const char *dir, bool resume)
{
    char path[4096];
    int code = CLI_DONE;
    w->curve = cli_curve_new();
    w->last_drawn = w->last_logged = -1e9;
    if (dir)
        snprintf(path, sizeof path, "%s/log.jsonl", dir);
    if (resume && (log || dir))
        w->before = fopen(log ? log : path, "r");        /* there may be none */
    if (log)
        w->log[0] = open_log(log, resume, &code);
    if (!dir || code)
        return code;
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        cli_note(say(SAY_CANNOT_WRITE), dir, strerror(errno));
        return CLI_IO;
    }
    w->log[1] = open_log(path, resume, &code);
    int e = code ? RECUR_OK : recur_events_open(c->r, &w->events, dir);
    return e < 0 ? cli_fail(c, e) : code;
}

/* A log that could not be written is said, and costs the exit code; the model is safe by then. */
int cli_watch_close(cli_watch *w)
{
    int code = CLI_DONE;
    for (int i = 0; i < 2; i++)
        if (w->log[i] && (ferror(w->log[i]) | fclose(w->log[i]))) {
            cli_note(say(SAY_CANNOT_WRITE), "log", strerror(errno));
            code = CLI_IO;
        }
    if (w->before)
        fclose(w->before);
    recur_events_close(w->events);
    cli_curve_free(w->curve);
    return code;
}
