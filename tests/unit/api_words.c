/* SPDX-License-Identifier: MIT
 * api_words.c - messages in two languages: both forms take the same arguments, or a message would read what is not there;
 * and a runtime speaks the language that it was opened with. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "test.h"

/* The next conversion's type, "lld" or "s"; widths and precisions are the language's own, a star is an argument. */
static const char *conversion(const char *s, char type[16])
{
    size_t n = 0;
    while ((s = strchr(s, '%')) && s[1] == '%')
        s += 2;
    if (!s)
        return NULL;
    for (s++; *s && strchr("-+ #0123456789.*", *s); s++)
        if (*s == '*' && n < 8)
            type[n++] = '*';
    while (*s && n < 14) {
        type[n++] = *s;
        if (!strchr("hlzjtL", *s++))
            break;
    }
    type[n] = 0;
    return s;
}

static void both_forms_take_the_same_arguments(void **state)
{
    (void)state;
    for (const rc_word *w = rc_words_zh; w->en; w++) {
        const char *en = w->en, *zh = w->own;
        for (;;) {
            char a[16] = "", b[16] = "";
            en = conversion(en, a);
            zh = conversion(zh, b);
            if (strcmp(a, b) != 0)
                fail_msg("\"%s\": %%%s, but %%%s in \"%s\"", w->en, a, b, w->own);
            if (!en)
                break;
        }
    }
}

static void a_runtime_has_its_language(void **state)
{
    (void)state;
    static const struct { const char *language, *says; } how[] = {
        { NULL, "no optimizer 'no'; there are " }, { "en", "no optimizer 'no'; there are " }, { "zh", "没有优化器 'no'；有 " },
    };
    recur *r;
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        assert_int_equal(recur_open(&r, &(recur_config){ .threads = 1, .language = how[i].language }), RECUR_OK);
        rc_fail(r, RECUR_EOPTION, "no optimizer '%s'; there are %s", "no", "sgd");
        if (strncmp(recur_message(r), how[i].says, strlen(how[i].says)) != 0)
            fail_msg("%s: %s", how[i].language ? how[i].language : "NULL", recur_message(r));
        rc_fail(r, RECUR_EOPTION, "a message that no list has: %d", 3);
        assert_string_equal(recur_message(r), "a message that no list has: 3");
        recur_close(r);
    }
    assert_int_equal(recur_open(&r, &(recur_config){ .language = "tlh" }), RECUR_EOPTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_take_the_same_arguments),
        cmocka_unit_test(a_runtime_has_its_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
