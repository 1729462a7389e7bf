/* SPDX-License-Identifier: MIT
 * What the command says, in the user's language.  The language is the one thing a process has once: it is set at the
 * start and stands in this file alone. */
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char *const words[2][SAY_WORDS] = {
    {
#define X(id, en, zh) [SAY_##id] = en,
#include "words.h"
#undef X
    },
    {
#define X(id, en, zh) [SAY_##id] = zh,
#include "words.h"
#undef X
    },
};

/* Chinese sentences for the rows of option tables, whose own help is English. */
static const struct { const char *name, *zh; } options[] = {
#define X(name, zh) {name, zh},
#include "options_zh.h"
#undef X
};

/* And for the baselines that the library names. */
static const struct { const char *name, *zh; } names[] = {
#define X(name, zh) {name, zh},
#include "names_zh.h"
#undef X
};

static const struct { const char *name, *zh; } groups[] = {
    {"data", "数据"}, {"series", "序列"}, {"net", "网络"},  {"time", "时间"},    {"steps", "训练步"}, {"loss", "损失"}, {"saving", "保存"},
    {"general", "通用"}, {"choice", "选择"}, {"text", "文本"}, {"answers", "回答"},  {"gate", "门槛"},
    {"search", "搜索"},
};

static struct { int chinese; } language;

void cli_language(const char *lang)
{
    static const char *const from[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (int i = 0; !lang && i < 3; i++) {
        const char *v = getenv(from[i]);
        lang = v && *v ? v : NULL;
    }
    language.chinese = lang && strncmp(lang, "zh", 2) == 0;
}

bool cli_chinese(void)
{
    return language.chinese;
}

bool cli_unicode(void)
{
    const char *set = nl_langinfo(CODESET);
    return set && (strcmp(set, "UTF-8") == 0 || strcmp(set, "utf8") == 0);
}

const char *say(enum cli_word w)
{
    return words[language.chinese][w];
}

const char *cli_option_help(const recur_option *o)
{
    for (size_t i = 0; language.chinese && i < sizeof options / sizeof *options; i++)
        if (strcmp(options[i].name, o->name) == 0)
            return options[i].zh;
    return o->help;
}

const char *cli_group(const char *group)
{
    for (size_t i = 0; language.chinese && i < sizeof groups / sizeof *groups; i++)
        if (strcmp(groups[i].name, group) == 0)
            return groups[i].zh;
    return group;
}

const char *cli_name(const char *name)
{
    for (size_t i = 0; language.chinese && name && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].zh;
    return name;
}

void cli_note(const char *form, ...)
{
    va_list a;
    va_start(a, form);
    fputs("recur: ", stderr);
    vfprintf(stderr, form, a);
    fputc('\n', stderr);
    va_end(a);
}
