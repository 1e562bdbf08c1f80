/* A run as a tree with its times on one axis: a table, whose last column has a bar for each step. */
#include <stdlib.h>

#include "serve/pages/part.h"

#define AXIS 1000 /* units of the axis */

struct span {
    uint64_t begin, end; /* ns */
};

/* When a step was; one without a duration is a moment. */
static bool span_of(struct bytes row, struct span *ret) {
    double ms = 0;
    if (!doc_time(row, "at", &ret->begin) && !doc_time(row, "time", &ret->begin)) return false;
    ret->end = ret->begin;
    if (doc_number(row, "duration_ms", &ms) && ms > 0 && ms < 1e12 && !bytes_is(doc_text(row, "kind"), "run.finished")) {
        ret->end += (uint64_t)(ms * 1e6);
    }
    return true;
}

static struct span whole_of(struct bytes events) {
    struct span whole = {UINT64_MAX, 0}, one;
    struct bytes row;
    for (struct doc_list list = doc_list(events); doc_next(&list, &row);) {
        if (!span_of(row, &one)) continue;
        whole.begin = one.begin < whole.begin ? one.begin : whole.begin;
        whole.end = one.end > whole.end ? one.end : whole.end;
    }
    return whole;
}

static void put_bar(struct buf *out, struct bytes row, struct span whole) {
    struct span one;
    double all = whole.end > whole.begin ? (double)(whole.end - whole.begin) : 1;
    if (!span_of(row, &one)) return;
    double x = AXIS * (double)(one.begin - whole.begin) / all, w = AXIS * (double)(one.end - one.begin) / all;
    bool bad = doc_get(row, "ok").n > 0 && !doc_true(row, "ok");
    w = w < 3 ? 3 : w;
    x = x + w > AXIS ? AXIS - w : x;
    buf_printf(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 %d 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">"
        "<rect class=\"%s\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"8\"></rect></svg>",
        AXIS, bad ? "bad" : "good", x, w);
}

static void put_step(const struct page_view *view, struct bytes row, struct span whole) {
    static const struct page_column name = {"name", "", SHOW_TEXT, NULL}, outcome = {"outcome", "", SHOW_TEXT, NULL},
                                    took = {"duration_ms", "", SHOW_MS, NULL}, text = {"text", "", SHOW_TEXT, NULL};
    uint64_t seq = 0, depth = 0;
    struct span one;
    (void)doc_uint(row, "depth", &depth);
    html_put(view->out, "<tr><td class=\"number\">");
    if (doc_uint(row, "seq", &seq)) part_seq(view, seq);
    buf_printf(view->out, "</td><td class=\"depth%u\">", depth > 6 ? 6u : (unsigned)depth);
    html_cut(view->out, doc_text(row, "kind"), 80);
    html_put(view->out, "</td><td>");
    part_value(view, &name, row);
    html_put(view->out, "</td><td>");
    bool bad = doc_get(row, "ok").n > 0 && !doc_true(row, "ok");
    if (bad) {
        part_state(view->out, bytes_of("error"));
        html_put(view->out, " ");
    }
    part_value(view, &outcome, row);
    html_put(view->out, "</td><td class=\"number\">");
    if (span_of(row, &one) && whole.begin <= one.begin) {
        buf_printf(view->out, "+%.3f s", (double)(one.begin - whole.begin) / 1e9);
    }
    html_put(view->out, "</td><td class=\"number\">");
    part_value(view, &took, row);
    html_put(view->out, "</td><td>");
    part_value(view, &text, row);
    html_put(view->out, "</td><td class=\"wave\">");
    put_bar(view->out, row, whole);
    html_put(view->out, "</td></tr>\n");
}

void draw_run(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct bytes events = doc_get(doc, "events"), row;
    struct span whole = whole_of(events);
    if (doc_count(events) == 0) {
        buf_printf(view->out, "<p class=\"empty\">%s</p>\n", part->empty);
        return;
    }
    html_put(view->out, "<p>From ");
    part_time(view->out, whole.begin);
    buf_printf(view->out, " for %.3f s, by the clocks of those who recorded it.</p>\n",
               (double)(whole.end - whole.begin) / 1e9);
    html_put(view->out,
             "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"What happened\"><table class=\"steps\">"
             "<caption>What happened, by cause</caption><thead><tr><th scope=\"col\" class=\"number\">event</th>"
             "<th scope=\"col\">kind</th><th scope=\"col\">of</th><th scope=\"col\">outcome</th>"
             "<th scope=\"col\" class=\"number\">after</th><th scope=\"col\" class=\"number\">took</th>"
             "<th scope=\"col\">says</th><th scope=\"col\">when</th></tr></thead>\n<tbody>\n");
    for (struct doc_list list = doc_list(events); doc_next(&list, &row);) {
        put_step(view, row, whole);
    }
    html_put(view->out, "</tbody></table></div>\n");
}

/* ---- events over time ---- */

#define BARS_MAX 120

struct day {
    struct bytes name;
    double events;
};

static int by_name(const void *a, const void *b) {
    const struct day *x = a, *y = b;
    return bytes_cmp(x->name, y->name);
}

static size_t days_of(struct bytes groups, struct day **ret) {
    size_t n = 0;
    struct bytes row;
    struct day *days = calloc((size_t)doc_count(groups) + 1, sizeof(*days));
    for (struct doc_list list = doc_list(groups); days != NULL && doc_next(&list, &row);) {
        days[n].name = doc_text(row, "day");
        if (days[n].name.n > 0 && doc_number(row, "events", &days[n].events)) n++;
    }
    if (n > 1) qsort(days, n, sizeof(*days), by_name);
    *ret = days;
    return n;
}

static void put_bars(const struct page_view *view, const struct day *days, size_t n) {
    double most = 1;
    for (size_t i = 0; i < n; i++) {
        most = days[i].events > most ? days[i].events : most;
    }
    html_put(view->out, "<svg class=\"histogram\" viewBox=\"0 0 960 80\" preserveAspectRatio=\"none\" role=\"img\">"
                        "<title>Events a day</title><desc>The table below has the same numbers.</desc>\n");
    for (size_t i = 0; i < n; i++) {
        double w = 960.0 / (double)n, h = 78 * days[i].events / most;
        h = h < 1 ? 1 : h;
        buf_printf(view->out, "<rect class=\"plain\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"></rect>",
                   w * (double)i, 80 - h, w > 3 ? w - 1 : w, h);
    }
    html_put(view->out, "</svg>\n");
}

void draw_histogram(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct day *days = NULL;
    size_t n = days_of(doc_get(doc, "groups"), &days), skip = n > BARS_MAX ? n - BARS_MAX : 0;
    if (n == 0) {
        buf_printf(view->out, "<p class=\"empty\">%s</p>\n", part->empty);
        free(days);
        return;
    }
    put_bars(view, days + skip, n - skip);
    html_put(view->out, "<details><summary>");
    html_cut(view->out, days[skip].name, 40);
    html_put(view->out, " to ");
    html_cut(view->out, days[n - 1].name, 40);
    buf_printf(
        view->out,
        ": %zu day%s with events</summary>\n<table><caption>Events a day</caption><thead><tr><th scope=\"col\">day</th>"
        "<th scope=\"col\" class=\"number\">events</th></tr></thead><tbody>\n",
        n - skip, n - skip == 1 ? "" : "s");
    for (size_t i = n; i > skip; i--) {
        html_put(view->out, "<tr><td>");
        html_cut(view->out, days[i - 1].name, 40);
        buf_printf(view->out, "</td><td class=\"number\">%.0f</td></tr>\n", days[i - 1].events);
    }
    html_put(view->out, "</tbody></table></details>\n");
    free(days);
}
