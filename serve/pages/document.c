/* A path finds its page; the page's parts become commands; their answers become one document. */
#include "serve/pages/page.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "serve/pages/pages.h"

#define VALUE_MAX 400 /* bytes of a parameter */

/* ---- which page ---- */

static bool is_path(const char *form, const struct httpd_target *t) {
    size_t n = 0;
    const char *at = form;
    if (strcmp(form, "/") == 0) return t->n_segments == 0;
    for (; *at == '/'; n++) {
        size_t len = strcspn(at + 1, "/");
        if (n >= t->n_segments) return false;
        if (strncmp(at + 1, "{+}", len) == 0 && len == 3) return t->n_segments <= n + 2;
        bool any = len == 2 && at[1] == '{';
        if (!any && !bytes_eq(t->segments[n], (struct bytes){(const uint8_t *)at + 1, len})) return false;
        at += 1 + len;
    }
    return n == t->n_segments;
}

static const struct page_row *row_at(const struct httpd_target *t) {
    for (size_t i = 0; i < page_n_rows; i++) {
        if (is_path(page_rows[i].path, t)) return &page_rows[i];
    }
    return NULL;
}

static const struct page_filter *filter_of(const struct page_row *row, struct bytes name) {
    for (size_t i = 0; i < PAGE_FILTERS && row->filters[i].name != NULL; i++) {
        if (bytes_is(name, row->filters[i].name)) return &row->filters[i];
    }
    return NULL;
}

static int check_params(const struct page_row *row, const struct httpd_target *t, struct err *err) {
    for (size_t i = 0; i < t->n_params; i++) {
        const struct httpd_param *p = &t->params[i];
        if (!bytes_is(p->name, "at") && filter_of(row, p->name) == NULL) {
            return err_set(err, ERR_INVALID, "this page has no parameter '%.40s'", (const char *)p->name.p);
        }
        if (p->value.n > VALUE_MAX) {
            return err_set(err, ERR_INVALID, "parameter '%.40s' is longer than %d bytes", (const char *)p->name.p,
                           VALUE_MAX);
        }
    }
    return 0;
}

/* ---- what is asked ---- */

/* A word of a part, with what the path has in place of "{1}" and "{1+}". */
static int put_word(const struct httpd_target *t, const char *word, struct guest_words *ret, struct err *err) {
    const char *brace = strchr(word, '{');
    char text[1200];
    if (brace == NULL) return guest_word(ret, word, err);
    bool more = strncmp(brace, "{1+}", 4) == 0 && t->n_segments > 2;
    int n = snprintf(text, sizeof(text), "%.*s%s%s%s", (int)(brace - word), word, (const char *)t->segments[1].p,
                     more ? "/" : "", more ? (const char *)t->segments[2].p : "");
    if (n < 0 || (size_t)n >= sizeof(text)) return err_set(err, ERR_INVALID, "the path is too long");
    return guest_word(ret, text, err);
}

static int put_filters(const struct page_row *row, const struct httpd_target *t, struct guest_words *ret, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->n_params; i++) {
        const struct page_filter *f = filter_of(row, t->params[i].name);
        if (f != NULL && t->params[i].value.n > 0) rc = guest_option(ret, f->option + 2, t->params[i].value, err);
    }
    return rc;
}

static int ask_part(const struct page_row *row, const struct page_part *part, const struct httpd_target *t,
                    struct guest_words *ret, struct err *err) {
    struct bytes at = httpd_target_param(t, "at");
    int rc = guest_word(ret, part->words[0], err);
    if (rc == 0 && at.n > 0 && part->at != NULL) rc = guest_option(ret, part->at + 2, at, err);
    if (rc == 0 && at.n == 0 && part->now != NULL) rc = guest_word(ret, part->now, err);
    if (rc == 0 && part->filters) rc = put_filters(row, t, ret, err);
    for (size_t i = 1; rc == 0 && i < PART_WORDS && part->words[i] != NULL; i++) {
        rc = put_word(t, part->words[i], ret, err);
    }
    return rc;
}

static const struct page_part top = {.words = {"doctor"}, .at = "--at", .now = "--no-probe"};

int page_plan(const struct httpd_target *t, struct page_plan *ret, struct err *err) {
    const struct page_row *row = row_at(t);
    *ret = (struct page_plan){0};
    if (row == NULL) return err_set(err, ERR_NOTFOUND, "there is no page at this path");
    ret->page = (size_t)(row - page_rows);
    int rc = check_params(row, t, err);
    if (rc == 0) rc = ask_part(row, &top, t, &ret->asks[ret->n++], err);
    for (size_t i = 0; rc == 0 && i < PAGE_PARTS && row->parts[i].title != NULL; i++) {
        bool is_top = strcmp(row->parts[i].words[0], "doctor") == 0;
        if (!is_top) rc = ask_part(row, &row->parts[i], t, &ret->asks[ret->n++], err);
    }
    return rc;
}

void page_plan_done(struct page_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        guest_words_done(&plan->asks[i]);
    }
    plan->n = 0;
}

/* ---- the document ---- */

static void put_head(const struct page_view *view, const char *title) {
    html_put(view->out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    html_text(view->out, bytes_of(title));
    html_put(view->out, " \xc2\xb7 ");
    html_text(view->out, bytes_of(view->about->origin));
    html_put(view->out, "</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" "
                        "href=\"/style.css\">\n<script src=\"/live.js\" defer></script>\n</head>\n");
}

static void put_nav(const struct page_view *view, const struct page_row *here) {
    html_put(view->out, "<nav aria-label=\"Pages\"><ul>\n");
    for (size_t i = 0; i < page_n_rows; i++) {
        const struct page_row *row = &page_rows[i];
        if (row->nav == NULL) continue;
        html_put(view->out, "<li><a");
        part_href(view, row->path, (struct bytes){0}, (struct bytes){0});
        buf_printf(view->out, "%s>%s</a></li>\n", row == here ? " aria-current=\"page\"" : "", row->nav);
    }
    html_put(view->out, "</ul></nav>\n");
}

static void put_hidden(const struct page_view *view) {
    for (size_t i = 0; i < view->target->n_params; i++) {
        const struct httpd_param *p = &view->target->params[i];
        if (bytes_is(p->name, "at") || p->value.n == 0) continue;
        html_put(view->out, "<input type=\"hidden\"");
        html_attr(view->out, "name", p->name);
        html_attr(view->out, "value", p->value);
        html_put(view->out, ">");
    }
}

/* The line at the top: whose ledger, how much of it, the verdict, and the moment that the page shows. */
static void put_top(const struct page_view *view, struct bytes doctor) {
    uint64_t size = 0, at = 0, now = 0;
    html_put(view->out, "<header>\n<p class=\"origin\"><a");
    part_href(view, "/", (struct bytes){0}, (struct bytes){0});
    html_put(view->out, ">");
    html_text(view->out, bytes_of(view->about->origin));
    html_put(view->out, "</a>");
    if (doc_uint(doctor, "size", &size) && doc_uint(doctor, "at", &at)) {
        buf_printf(view->out, " <span>%llu event%s%s</span>", (unsigned long long)at, at == 1 ? "" : "s",
                   at < size ? " of more, which came later" : "");
        html_put(view->out, " <span>verdict ");
        part_state(view->out, doc_text(doctor, "verdict"));
        html_put(view->out, "</span>");
    }
    if (doc_time(doctor, "now", &now)) {
        html_put(view->out, " <span>as of ");
        part_time(view->out, now);
        html_put(view->out, "</span>");
    }
    html_put(view->out,
             "</p>\n<form class=\"when\" method=\"get\"><label>as of <input name=\"at\" size=\"18\" placeholder=\"now\""
             " autocomplete=\"off\" title=\"a time, 2h, 7d, or an event's number\"");
    html_attr(view->out, "value", view->at);
    html_put(view->out, "></label>");
    put_hidden(view);
    html_put(view->out, "<button>Show</button></form>\n");
    if (view->at.n > 0) {
        html_put(view->out, "<p class=\"past\" role=\"status\"><strong>This is the past</strong>: what was true at ");
        html_text(view->out, view->at);
        html_put(view->out, ". <a href=\"?\">Back to now</a></p>\n");
    }
    html_put(view->out, "</header>\n");
}

static void put_filter_form(const struct page_view *view, const struct page_row *row) {
    if (row->filters[0].name == NULL) return;
    html_put(view->out, "<form class=\"filters\" method=\"get\" role=\"search\">\n");
    for (size_t i = 0; i < PAGE_FILTERS && row->filters[i].name != NULL; i++) {
        const struct page_filter *f = &row->filters[i];
        buf_printf(view->out, "<label>%s <input name=\"%s\"", f->label, f->name);
        html_attr(view->out, "value", httpd_target_param(view->target, f->name));
        html_put(view->out, " autocomplete=\"off\"></label>\n");
    }
    if (view->at.n > 0) {
        html_put(view->out, "<input type=\"hidden\" name=\"at\"");
        html_attr(view->out, "value", view->at);
        html_put(view->out, ">");
    }
    html_put(view->out, "<button>Filter</button></form>\n");
}

/* A word as a shell takes it (POSIX, 2.2): as it is if it has nothing but these characters, else in single quotes. Words come from the
 * address too, which others may have written. */
static void put_shell_word(struct buf *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@,+-";
    struct buf quoted = {.max = 8 * HTML_CELL_MAX};
    bool bare = word[0] != '\0' && word[strspn(word, plain)] == '\0';
    buf_put_str(&quoted, bare ? "" : "'");
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'') {
            buf_put_str(&quoted, "'\\''");
        } else {
            buf_put_u8(&quoted, (uint8_t)*p);
        }
    }
    buf_put_str(&quoted, bare ? "" : "'");
    html_text(out, bytes_of_buf(&quoted));
    buf_done(&quoted);
}

/* The command that gives the same answer, to type or to copy: whole, or not at all. */
static void put_command(const struct page_view *view, const struct guest_words *words) {
    for (size_t i = 0; i < words->n; i++) {
        if (strlen(words->word[i]) > HTML_CELL_MAX) return;
    }
    html_put(view->out, "<p class=\"command\">The same: <code>ledger");
    for (size_t i = 0; i < words->n; i++) {
        html_put(view->out, " ");
        put_shell_word(view->out, words->word[i]);
    }
    html_put(view->out, "</code></p>\n");
}

/* What an error says, of what a command wrote to standard error. */
static void put_failure(const struct page_view *view, struct bytes complaint) {
    struct buf mp = {.max = (size_t)1 << 20};
    struct bytes line = guest_last_line(complaint);
    bool good = json_to_mp(line, &mp, NULL) == 0;
    struct bytes message = good ? doc_text(doc_get(bytes_of_buf(&mp), "error"), "message") : line;
    html_put(view->out, "<p class=\"failed\" role=\"alert\">This part could not be shown: ");
    html_cut(view->out, message.n > 0 ? message : bytes_of("the command gave no answer"), 1000);
    html_put(view->out, "</p>\n");
    buf_done(&mp);
}

static void put_part(const struct page_view *view, const struct page_part *part, const struct guest_words *words,
                     const struct page_said *said) {
    struct buf mp = {.max = (size_t)8 << 20};
    buf_printf(view->out, "<section>\n<h2>%s</h2>\n", part->title);
    if (!said->there) {
        put_failure(view, said->complaint);
    } else if (json_to_mp(said->out, &mp, NULL) != 0) {
        put_failure(view, bytes_of("the answer is too large; narrow it"));
    } else {
        part->draw(view, part, bytes_of_buf(&mp));
    }
    put_command(view, words);
    if (view->at.n > 0 && part->at == NULL) {
        html_put(view->out, "<p class=\"note\">This part is the same at any time, or tells of now.</p>\n");
    }
    html_put(view->out, "</section>\n");
    buf_done(&mp);
}

static void put_foot(const struct page_view *view, bool twin) {
    html_put(view->out, "<footer><p>");
    if (twin) {
        html_put(view->out, "<a href=\"");
        if (view->target->n_segments == 0) html_put(view->out, "/now");
        for (size_t i = 0; i < view->target->n_segments; i++) {
            buf_put_u8(view->out, '/');
            html_encoded(view->out, view->target->segments[i]);
        }
        html_put(view->out, ".json");
        const char *join = "?";
        for (size_t i = 0; i < view->target->n_params; i++) {
            html_put(view->out, join);
            html_encoded(view->out, view->target->params[i].name);
            buf_put_u8(view->out, '=');
            html_encoded(view->out, view->target->params[i].value);
            join = "&amp;";
        }
        html_put(view->out, "\">This page as JSON</a> \xc2\xb7 ");
    }
    html_put(view->out, "ledger ");
    html_text(view->out, bytes_of(view->about->version));
    html_put(view->out, "</p></footer>\n</body>\n</html>\n");
}

void page_render(const struct httpd_target *target, const struct page_plan *plan, const struct page_about *about,
                 const struct page_said *said, struct buf *out) {
    const struct page_row *row = &page_rows[plan->page];
    struct page_view view = {.target = target, .about = about, .at = httpd_target_param(target, "at"), .out = out};
    struct buf doctor = {.max = (size_t)8 << 20};
    bool known = said[0].there && json_to_mp(said[0].out, &doctor, NULL) == 0;
    put_head(&view, row->title);
    buf_printf(out, "<body class=\"%s%s\">\n<a class=\"skip\" href=\"#main\">To the content</a>\n",
               view.at.n > 0 ? "past " : "", row->still ? "still" : "");
    put_top(&view, known ? bytes_of_buf(&doctor) : (struct bytes){0});
    put_nav(&view, row);
    buf_printf(out, "<main id=\"main\" tabindex=\"-1\">\n<h1>%s</h1>\n<p class=\"question\">%s</p>\n", row->title,
               row->question);
    html_put(out, row->intro != NULL ? row->intro : "");
    put_filter_form(&view, row);
    size_t ask = 1;
    for (size_t i = 0; i < PAGE_PARTS && row->parts[i].title != NULL; i++) {
        bool is_top = strcmp(row->parts[i].words[0], "doctor") == 0;
        size_t at = is_top ? 0 : ask++;
        put_part(&view, &row->parts[i], &plan->asks[at], &said[at]);
    }
    html_put(out, "</main>\n");
    put_foot(&view, true);
    buf_done(&doctor);
}

/* ---- pages without parts ---- */

static void begin_plain(struct page_view *view, const char *title) {
    put_head(view, title);
    buf_printf(view->out, "<body>\n<main id=\"main\" class=\"plain\">\n<h1>%s</h1>\n", title);
}

void page_login(struct buf *out, const struct page_about *about, bool wrong) {
    static const struct httpd_target nowhere = {0};
    struct page_view view = {.target = &nowhere, .about = about, .out = out};
    begin_plain(&view, "Who are you?");
    if (wrong)
        html_put(out,
                 "<p class=\"failed\" role=\"alert\">That was not the code, or it came too late, or it was used.</p>\n");
    html_put(out, "<p>A code was written where <code>ledger serve</code> runs. It works once, within a minute.</p>\n"
                  "<form method=\"post\" action=\"/login\"><label>Code <input name=\"code\" size=\"24\" "
                  "autocomplete=\"off\" autofocus"
                  " required></label> <button>Enter</button></form>\n"
                  "<p><a href=\"/login\">Write another code</a></p>\n</main>\n");
    put_foot(&view, false);
}

void page_problem(struct buf *out, const struct page_about *about, unsigned status, const char *detail) {
    static const struct httpd_target nowhere = {0};
    struct page_view view = {.target = &nowhere, .about = about, .out = out};
    begin_plain(&view, status == 404 ? "There is no such page" : "This cannot be shown");
    html_put(out, "<p class=\"failed\" role=\"alert\">");
    html_cut(out, bytes_of(detail), 1000);
    html_put(out, "</p>\n<p><a href=\"/\">Back to what is now</a></p>\n</main>\n");
    put_foot(&view, false);
}
