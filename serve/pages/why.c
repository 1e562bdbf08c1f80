/* Verdicts and explanations: the answer first, then what it rests on. */
#include "base/text.h"
#include "serve/pages/part.h"

static void put_events(const struct page_view *view, struct bytes list) {
    struct doc_list seqs = doc_list(list);
    struct bytes one;
    struct mp_item item;
    if (seqs.left == 0) return;
    html_put(view->out, " <span class=\"rests\">by event ");
    for (unsigned i = 0; i < 8 && doc_next(&seqs, &one); i++) {
        if (mp_scalar(one, &item) != 0 || item.type != MP_UINT) continue;
        html_put(view->out, i > 0 ? ", " : "");
        part_seq(view, item.uint);
    }
    if (seqs.left > 0) buf_printf(view->out, " and %u more", seqs.left);
    html_put(view->out, "</span>");
}

static void put_remedy(const struct page_view *view, struct bytes row) {
    struct bytes first = doc_text(row, "first"), remedy = doc_text(row, "remedy");
    if (first.n > 0) {
        html_put(view->out, "<br>First: ");
        html_cut(view->out, first, 400);
    }
    if (remedy.n > 0) {
        html_put(view->out, "<br>What helps: <code>");
        html_cut(view->out, remedy, 400);
        html_put(view->out, "</code>");
    }
}

static void put_since(const struct page_view *view, struct bytes row) {
    uint64_t ns = 0;
    if (doc_time(row, "since", &ns)) {
        html_put(view->out, " <span class=\"since\">since ");
        part_time(view->out, ns);
        html_put(view->out, "</span>");
    }
}

static void put_clause(const struct page_view *view, struct bytes clause) {
    html_put(view->out, "<li>");
    part_state(view->out, doc_text(clause, "state"));
    html_put(view->out, " <strong>");
    html_cut(view->out, doc_text(clause, "clause"), 100);
    html_put(view->out, "</strong>: ");
    html_cut(view->out, doc_text(clause, "reason"), 1000);
    put_since(view, clause);
    put_events(view, doc_get(clause, "evidence"));
    put_remedy(view, clause);
    html_put(view->out, "</li>\n");
}

/* Worst first; what is good is folded into one line. */
static unsigned rank_of(struct bytes state) {
    return bytes_is(state, "fail") ? 0 : bytes_is(state, "warn") ? 1 : bytes_is(state, "pass") || state.n == 0 ? 3 : 2;
}

static unsigned put_clauses(const struct page_view *view, struct bytes clauses, unsigned rank) {
    struct bytes one;
    unsigned n = 0;
    for (struct doc_list list = doc_list(clauses); doc_next(&list, &one);) {
        if (rank_of(doc_text(one, "state")) != rank) continue;
        put_clause(view, one);
        n++;
    }
    return n;
}

static unsigned count_good(struct bytes clauses) {
    struct bytes one;
    unsigned n = 0;
    for (struct doc_list list = doc_list(clauses); doc_next(&list, &one);) {
        n += rank_of(doc_text(one, "state")) == 3 ? 1 : 0;
    }
    return n;
}

void draw_doctor(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct bytes clauses = doc_get(doc, "clauses");
    unsigned good = count_good(clauses), other = 0;
    (void)part;
    html_put(view->out, "<p class=\"verdict\">The verdict is ");
    part_state(view->out, doc_text(doc, "verdict"));
    html_put(view->out, ", from what is known: nothing was looked at for this page.</p>\n<ul class=\"clauses\">\n");
    for (unsigned rank = 0; rank < 3; rank++) {
        other += put_clauses(view, clauses, rank);
    }
    html_put(view->out, "</ul>\n");
    if (good == 0) return;
    buf_printf(view->out, "<details><summary>%u clause%s good%s</summary>\n<ul class=\"clauses\">\n", good,
               good == 1 ? " is" : "s are", other == 0 ? ", and none is not" : "");
    (void)put_clauses(view, clauses, 3);
    html_put(view->out, "</ul></details>\n");
}

static bool is_time(struct bytes name) {
    return bytes_is(name, "since") || (name.n > 3 && memcmp(name.p + name.n - 3, "_at", 3) == 0);
}

static void put_field_list(const struct page_view *view, struct bytes fields) {
    struct doc_list members = doc_map(fields);
    struct bytes name, value;
    struct buf words = {.max = (size_t)1 << 20};
    uint64_t ns = 0;
    html_put(view->out, "<dl class=\"fields\">\n");
    while (doc_next_member(&members, &name, &value)) {
        html_put(view->out, "<dt>");
        html_cut(view->out, name, 100);
        html_put(view->out, "</dt><dd>");
        buf_clear(&words);
        doc_words(value, &words);
        if (is_time(name) && text_parse_u64(bytes_of_buf(&words), &ns) == 0) {
            part_time(view->out, ns);
        } else if (bytes_is(name, "evidence")) {
            put_events(view, value);
        } else {
            html_cut(view->out, bytes_of_buf(&words), 1000);
        }
        html_put(view->out, "</dd>\n");
    }
    html_put(view->out, "</dl>\n");
    buf_done(&words);
}

static void put_event_rows(const struct page_view *view, const char *title, struct bytes list) {
    struct page_part table = {.title = title,
                              .list = "list",
                              .columns = {{"seq", "event", SHOW_SEQ, NULL},
                                          {"kind", "kind", SHOW_TEXT, NULL},
                                          {"name", "of", SHOW_TEXT, NULL},
                                          {"subject", "about", SHOW_TEXT, NULL},
                                          {"outcome", "outcome", SHOW_TEXT, NULL},
                                          {"time_text", "recorded", SHOW_TIME, NULL}}};
    struct buf map = {.max = (size_t)4 << 20};
    if (doc_count(list) == 0) return;
    mp_put_map(&map, 1);
    mp_put_text(&map, "list");
    buf_put_bytes(&map, list);
    buf_printf(view->out, "<h3>%s</h3>\n", title);
    draw_rows(view, &table, bytes_of_buf(&map));
    buf_done(&map);
}

static void put_part(const struct page_view *view, struct bytes part) {
    struct bytes name = doc_text(part, "name");
    const uint8_t *slash = bytes_find(name, '/');
    html_put(view->out, "<li>");
    part_state(view->out, doc_text(part, "state"));
    html_put(view->out, " ");
    if (slash != NULL && name.n <= HTML_CELL_MAX) {
        size_t n = (size_t)(slash - name.p);
        html_put(view->out, "<a");
        part_href(view, "/why/", (struct bytes){name.p, n}, (struct bytes){slash + 1, name.n - n - 1});
        html_put(view->out, ">");
        html_cut(view->out, name, 200);
        html_put(view->out, "</a>");
    } else {
        html_cut(view->out, name, 200);
    }
    if (doc_text(part, "reason").n > 0) {
        html_put(view->out, ": ");
        html_cut(view->out, doc_text(part, "reason"), 600);
    }
    put_since(view, part);
    html_put(view->out, "</li>\n");
}

static void put_thing(const struct page_view *view, struct bytes thing) {
    struct bytes reason = doc_text(thing, "reason"), one;
    struct doc_list parts = doc_list(doc_get(thing, "parts"));
    html_put(view->out, "<p class=\"verdict\"><strong>");
    html_cut(view->out, doc_text(thing, "name"), 300);
    html_put(view->out, "</strong> is ");
    part_state(view->out, doc_text(thing, "state"));
    put_since(view, doc_get(thing, "fields"));
    if (reason.n > 0) {
        html_put(view->out, ": ");
        html_cut(view->out, reason, 2000);
    }
    put_remedy(view, thing);
    html_put(view->out, "</p>\n");
    if (parts.left > 0) html_put(view->out, "<h3>What belongs to it</h3>\n<ul class=\"clauses\">\n");
    bool any = parts.left > 0;
    while (doc_next(&parts, &one)) {
        put_part(view, one);
    }
    if (any) html_put(view->out, "</ul>\n");
    put_event_rows(view, "What went wrong", doc_get(thing, "wrong"));
    put_event_rows(view, "The events behind it", doc_get(thing, "events"));
    html_put(view->out, "<details><summary>All that is known of it</summary>\n");
    put_field_list(view, doc_get(thing, "fields"));
    html_put(view->out, "</details>\n");
}

void draw_why(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct doc_list things = doc_list(doc_get(doc, "things"));
    struct bytes one;
    (void)part;
    while (doc_next(&things, &one)) {
        put_thing(view, one);
    }
}
