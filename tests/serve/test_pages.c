/* Pages: whatever answers hold, a document is well formed, has no markup but ours, and says what is missing. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "projections/rows/projection.h"
#include "serve/pages/pages.h"

#define OUT_MAX ((size_t)8 << 20)

static const char *const paths[] = {"/",           "/runs",  "/runs/r-1", "/events/1",        "/why/pack/p",
                                    "/why/p",      "/packs", "/models",   "/permissions",     "/evaluations",
                                    "/promotions", "/log",   "/evidence", "/evidence/verify", NULL};

/* Strings that would do something if they came through: markup, an attribute's end, bidi, controls, what is not a character. */
static const char hostile[] = "<script>alert(1)</script><svg onload=x>\\\"' onmouseover=y \\u202e\\u0007 &lt;b>";

/* ---- a small reader of HTML: tags balance, attributes are quoted ---- */

static bool is_void(const char *name) {
    static const char *const voids[] = {"meta", "link", "input", "br", "!doctype", NULL};
    for (size_t i = 0; voids[i] != NULL; i++) {
        if (strcmp(name, voids[i]) == 0) return true;
    }
    return false;
}

static void check_html(struct bytes html, const char *path) {
    static const char *const known[] = {
        "html",    "head",  "title", "body", "a",    "header", "p",      "span",    "form", "label", "button",
        "nav",     "ul",    "li",    "main", "h1",   "h2",     "h3",     "section", "div",  "table", "caption",
        "thead",   "tbody", "tr",    "th",   "td",   "dl",     "dt",     "dd",      "code", "pre",   "details",
        "summary", "svg",   "rect",  "desc", "time", "strong", "footer", "script",  NULL};
    char stack[64][16];
    size_t depth = 0;
    for (size_t i = 0; i < html.n; i++) {
        if (html.p[i] == '>' && depth == 0 && i + 2 < html.n) continue;
        if (html.p[i] != '<') continue;
        bool closing = html.p[i + 1] == '/';
        char name[16] = "";
        size_t n = 0, at = i + 1 + (closing ? 1 : 0);
        while (at < html.n && n < 15 && (isalnum(html.p[at]) || html.p[at] == '!')) {
            name[n++] = (char)html.p[at++];
        }
        bool in_quotes = false, is_known = is_void(name);
        for (size_t j = 0; known[j] != NULL; j++) {
            is_known = is_known || strcmp(known[j], name) == 0;
        }
        if (!is_known) fail_msg("%s: a tag <%s> that no page has", path, name);
        char text[512] = "";
        size_t n_text = 0;
        for (; at < html.n && (in_quotes || html.p[at] != '>'); at++) {
            in_quotes = in_quotes != (html.p[at] == '"');
            if (!in_quotes && n_text < sizeof(text) - 1) text[n_text++] = (char)html.p[at];
            assert_true(in_quotes || html.p[at] != '\'');
            assert_true(html.p[at] != '<');
        }
        assert_true(at < html.n);
        assert_null(strstr(text, " on")); /* handlers */
        assert_null(strstr(text, "style="));
        if (strcmp(name, "script") == 0 && !closing) assert_memory_equal(html.p + i, "<script src=\"/live.js\" defer>", 29);
        if (closing) {
            if (depth == 0 || strcmp(stack[depth - 1], name) != 0) {
                fail_msg("%s: </%s> closes <%s>", path, name, depth > 0 ? stack[depth - 1] : "");
            }
            depth--;
        } else if (!is_void(name)) {
            assert_true(depth < 64);
            snprintf(stack[depth++], 16, "%s", name);
        }
        i = at;
    }
    if (depth != 0) fail_msg("%s: <%s> is not closed", path, stack[depth - 1]);
    for (size_t i = 0; i < html.n; i++) { /* nothing invisible */
        if (html.p[i] < ' ' && html.p[i] != '\n') fail_msg("%s: byte %u at %zu", path, html.p[i], i);
        assert_false(i + 2 < html.n && html.p[i] == 0xe2 && html.p[i + 1] == 0x80 && html.p[i + 2] == 0xae);
    }
}

/* ---- answers ---- */

/* An answer in which every member that any part looks for is this text. */
static void put_answer(struct buf *out, const char *value) {
    static const char *const scalars[] = {
        "verdict", "clause", "state",   "reason", "since", "first", "remedy", "name",  "kind",      "subject",
        "actor",   "run",    "outcome", "text",   "at",    "proof", "day",    "leaf",  "time_text", "source",
        "digest",  "agent",  "pack",    "who",    "group", "scope", "of",     "grade", NULL};
    static const char *const lists[] = {"clauses", "states", "events", "groups", "things", "parts", "wrong", NULL};
    struct buf one = {.max = OUT_MAX};
    buf_put_str(&one,
                "{\"size\":5,\"now\":\"1\",\"seq\":1,\"depth\":9,\"duration_ms\":1e300,\"ok\":false,\"evidence\":[1,2]");
    buf_printf(&one, ",\"body\":{\"%s\":\"%s\"},\"fields\":{\"since\":\"%s\",\"%s\":[\"%s\"]}", value, value, value, value,
               value);
    buf_printf(&one, ",\"aspects\":{\"%s\":{\"state\":\"%s\",\"text\":\"%s\"}}", value, value, value);
    for (size_t i = 0; scalars[i] != NULL; i++) {
        buf_printf(&one, ",\"%s\":\"%s\"", scalars[i], value);
    }
    buf_put_u8(out, '{');
    for (size_t i = 0; lists[i] != NULL; i++) {
        buf_printf(out, "\"%s\":[%.*s%s},%.*s}],", lists[i], (int)one.n, (const char *)one.p,
                   strcmp(lists[i], "things") == 0 ? ",\"parts\":[{}]" : "", (int)one.n, (const char *)one.p);
    }
    buf_printf(out, "%.*s}", (int)one.n - 1, (const char *)one.p + 1);
    assert_int_equal(one.fail, 0);
    buf_done(&one);
}

static void render(const char *path, struct bytes answer, bool there, struct buf *out) {
    static const struct page_about about = {.origin = "<o>&\"", .version = "1"};
    struct page_said said[PAGE_ASKS];
    struct httpd_target target;
    struct page_plan plan;
    struct err err = {0};
    for (size_t i = 0; i < PAGE_ASKS; i++) {
        said[i] = (struct page_said){there, answer, answer};
    }
    if (httpd_target_split(bytes_of(path), &target, &err) != 0 || page_plan(&target, &plan, &err) != 0)
        fail_msg("%s: %s", path, err.msg);
    buf_clear(out);
    page_render(&target, &plan, &about, said, out);
    assert_int_equal(out->fail, 0);
    check_html(bytes_of_buf(out), path);
    page_plan_done(&plan);
    httpd_target_done(&target);
}

static void nothing_of_an_answer_becomes_markup(void **state) {
    (void)state;
    struct buf answer = {.max = OUT_MAX}, out = {.max = OUT_MAX}, mp = {.max = OUT_MAX};
    put_answer(&answer, hostile);
    struct err err = {0};
    if (json_to_mp(bytes_of_buf(&answer), &mp, &err) != 0) {
        buf_clear(&answer); /* NUL is not accepted in names */
        fail_msg("the test's answer is not JSON: %s", err.msg);
    }
    for (size_t i = 0; paths[i] != NULL; i++) {
        render(paths[i], bytes_of_buf(&answer), true, &out);
        buf_put_u8(&out, 0);
        assert_non_null(strstr((char *)out.p, "&lt;script&gt;"));
        assert_null(strstr((char *)out.p, "<script>"));
        render(paths[i], bytes_of_buf(&answer), false, &out);
        char with_at[128];
        snprintf(with_at, sizeof(with_at), "%s?at=%%3Cscript%%3E%%22%%E2%%80%%AE", paths[i]);
        render(with_at, bytes_of_buf(&answer), true, &out);
    }
    buf_done(&answer);
    buf_done(&out);
    buf_done(&mp);
}

static void long_words_do_not_make_long_pages(void **state) {
    (void)state;
    struct buf answer = {.max = OUT_MAX * 8}, out = {.max = OUT_MAX};
    char *word = malloc(100001);
    memset(word, 'x', 100000);
    word[100000] = '\0';
    buf_printf(&answer,
               "{\"verdict\":\"%s\",\"states\":[{\"run\":\"%s\",\"state\":\"%s\",\"reason\":\"%s\"}],\"proof\":\"p\"}",
               word, word, word, word);
    for (size_t i = 0; paths[i] != NULL; i++) {
        render(paths[i], bytes_of_buf(&answer), true, &out);
        if (out.n >= 100000) fail_msg("%s has %zu bytes", paths[i], out.n);
    }
    free(word);
    buf_done(&answer);
    buf_done(&out);
}

static void a_part_that_fails_says_so_and_the_rest_is_shown(void **state) {
    (void)state;
    struct buf out = {.max = OUT_MAX};
    for (size_t i = 0; paths[i] != NULL; i++) {
        render(paths[i], bytes_of("{\"error\":{\"message\":\"it is late\"}}\n"), false, &out);
        buf_put_u8(&out, 0);
        assert_non_null(strstr((char *)out.p, "could not be shown: it is late"));
        assert_non_null(strstr((char *)out.p, "</html>"));
        render(paths[i], bytes_of(""), false, &out);
        render(paths[i], bytes_of("not json"), true, &out);
        render(paths[i], bytes_of("[]"), true, &out);
        render(paths[i], bytes_of("{}"), true, &out);
        render(paths[i], bytes_of("null"), true, &out);
    }
    buf_done(&out);
}

static void refuses(const char *path, int code, const char *why) {
    struct httpd_target target;
    struct page_plan plan;
    struct err err = {0};
    assert_int_equal(httpd_target_split(bytes_of(path), &target, NULL), 0);
    assert_int_equal(page_plan(&target, &plan, &err), code);
    if (strstr(err.msg, why) == NULL) fail_msg("'%s' lacks '%s'", err.msg, why);
    page_plan_done(&plan);
    httpd_target_done(&target);
}

static void what_is_no_page_is_refused(void **state) {
    (void)state;
    refuses("/none", ERR_NOTFOUND, "no page");
    refuses("/runs/a/b", ERR_NOTFOUND, "no page");
    refuses("/why", ERR_NOTFOUND, "no page");
    refuses("/runs?stat=x", ERR_INVALID, "no parameter 'stat'");
    char long_one[600] = "/runs?state=";
    memset(long_one + strlen(long_one), 'x', 450);
    refuses(long_one, ERR_INVALID, "longer than 400 bytes");
}

/* Words of a request stay values: none becomes an option of its own. */
static void what_is_asked_is_what_the_page_says(void **state) {
    (void)state;
    struct httpd_target target;
    struct page_plan plan;
    assert_int_equal(httpd_target_split(bytes_of("/log?kind=--private&text=-x&at=7d"), &target, NULL), 0);
    assert_int_equal(page_plan(&target, &plan, NULL), 0);
    assert_int_equal(plan.n, 3);
    assert_string_equal(plan.asks[0].word[0], "doctor");
    assert_string_equal(plan.asks[0].word[1], "--at=7d");
    assert_string_equal(plan.asks[2].word[1], "--until=7d");
    assert_string_equal(plan.asks[2].word[2], "--kind=--private");
    assert_string_equal(plan.asks[2].word[3], "--grep=-x");
    page_plan_done(&plan);
    httpd_target_done(&target);
    assert_int_equal(httpd_target_split(bytes_of("/runs/--private"), &target, NULL), 0);
    assert_int_equal(page_plan(&target, &plan, NULL), 0);
    for (size_t i = 0; i < plan.n; i++) {
        for (size_t j = 0; j + 1 < plan.asks[i].n; j++) {
            if (strstr(plan.asks[i].word[j + 1], "--private") != NULL) assert_string_equal(plan.asks[i].word[j], "--");
        }
    }
    page_plan_done(&plan);
    httpd_target_done(&target);
}

/* What a page invites to paste does what the page says, whatever its address was made to say. */
static void a_command_is_one_command_for_a_shell(void **state) {
    (void)state;
    static const char path[] = "/why/x%27%3B%20touch%20pwned%3B%20%27/%24%28id%29%60id%60?at=7d";
    struct buf out = {.max = OUT_MAX};
    render(path, bytes_of("{}"), true, &out);
    buf_put_u8(&out, 0);
    assert_non_null(
        strstr((char *)out.p,
               "ledger why --at=7d -- &#39;x&#39;\\&#39;&#39;; touch pwned; &#39;\\&#39;&#39;/$(id)`id`&#39;</code>"));
    render("/runs?state=a+b*", bytes_of("{}"), true, &out);
    buf_put_u8(&out, 0);
    assert_non_null(strstr((char *)out.p, "ledger state &#39;--state=a b*&#39; --last=100 runs</code>"));
    char long_one[600] = "/runs/";
    memset(long_one + strlen(long_one), 'x', 450);
    render(long_one, bytes_of("{}"), true, &out);
    buf_put_u8(&out, 0);
    assert_null(strstr((char *)out.p, "ledger timeline")); /* whole, or not at all */
    buf_done(&out);
}

static void links_stay_in_the_moment(void **state) {
    (void)state;
    struct buf out = {.max = OUT_MAX};
    render("/log?at=7d", bytes_of("{\"events\":[{\"seq\":12,\"run\":\"r\"}]}"), true, &out);
    buf_put_u8(&out, 0);
    assert_non_null(strstr((char *)out.p, "href=\"/events/12?at=7d\""));
    assert_non_null(strstr((char *)out.p, "href=\"/runs/r?at=7d\""));
    buf_done(&out);
}

/* ---- columns are those of the tables ---- */

static const struct state_table *table_named(const char *name) {
    for (const struct projection *const *p = projection_all; *p != NULL; p++) {
        for (size_t i = 0; i < (*p)->n_tables; i++) {
            if (strcmp((*p)->tables[i].name, name) == 0) return &(*p)->tables[i];
        }
    }
    return NULL;
}

static void columns_are_those_of_the_tables(void **state) {
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < page_n_rows; i++) {
        for (size_t j = 0; j < PAGE_PARTS && page_rows[i].parts[j].title != NULL; j++) {
            const struct page_part *part = &page_rows[i].parts[j];
            const char *last = part->words[0];
            for (size_t k = 1; k < PART_WORDS && part->words[k] != NULL; k++) {
                last = part->words[k];
            }
            if (strcmp(part->words[0], "state") != 0) continue;
            const struct state_table *table = table_named(last);
            if (table == NULL) fail_msg("there is no table '%s'", last);
            for (size_t k = 0; k < PART_COLUMNS && part->columns[k].member != NULL; k++) {
                bool there = false;
                for (size_t c = 0; c < table->n_columns; c++) {
                    there = there || strcmp(table->columns[c].name, part->columns[k].member) == 0;
                }
                if (!there) fail_msg("table '%s' has no column '%s'", last, part->columns[k].member);
                seen++;
            }
        }
    }
    assert_true(seen > 80);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_of_an_answer_becomes_markup),
                                       cmocka_unit_test(long_words_do_not_make_long_pages),
                                       cmocka_unit_test(a_part_that_fails_says_so_and_the_rest_is_shown),
                                       cmocka_unit_test(what_is_no_page_is_refused),
                                       cmocka_unit_test(what_is_asked_is_what_the_page_says),
                                       cmocka_unit_test(a_command_is_one_command_for_a_shell),
                                       cmocka_unit_test(links_stay_in_the_moment),
                                       cmocka_unit_test(columns_are_those_of_the_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
