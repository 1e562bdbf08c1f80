/* A state is said by its word, a mark and a colour, in this order; five marks look the same everywhere. What is under way, and is neither
 * well nor ill, has none. */
#include "serve/pages/part.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *class, *words;
} kinds_of_state[] = {
    {"good",
     "|pass|ready|good|ok|promoted|finished|granted|allowed|proven|installed|current|scored|live|held|complete|valid|"},
    {"warn", "|warn|partial|demo-only|demo_only|stale|aborted|incomplete|unregistered|undeclared|overridden|"},
    {"plain",
     "|running|ended|observed|planned|simulated|verifying|verified|debating|idle|started|requested|declared|remote|"
     "loaded|present|"},
    {"bad", "|fail|blocked|failed|denied|error|timeout|crashed|violated|corrupt|refused|invalid|contradicts|"},
    {"gone", "|gone|removed|parked|revoked|expired|withdrawn|rolled_back|erased|corrected|"},
};

static const char *class_of(struct bytes state) {
    char word[64];
    snprintf(word, sizeof(word), "|%.*s|", (int)(state.n < 60 ? state.n : 60), (const char *)state.p);
    for (size_t i = 0; i < sizeof(kinds_of_state) / sizeof(kinds_of_state[0]); i++) {
        if (strstr(kinds_of_state[i].words, word) != NULL) return kinds_of_state[i].class;
    }
    return "unknown";
}

void part_state(struct buf *out, struct bytes state) {
    buf_printf(out, "<span class=\"state %s\">", class_of(state));
    html_cut(out, state, 60);
    html_put(out, "</span>");
}

void part_href(const struct page_view *view, const char *path, struct bytes segment, struct bytes second) {
    buf_printf(view->out, " href=\"%s", path);
    html_encoded(view->out, segment);
    if (second.n > 0) {
        buf_put_u8(view->out, '/');
        html_encoded(view->out, second);
    }
    if (view->at.n > 0) {
        html_put(view->out, "?at=");
        html_encoded(view->out, view->at);
    }
    buf_put_u8(view->out, '"');
}

/* To the second; the whole is the title. */
void part_time(struct buf *out, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    buf_printf(out, "<time datetime=\"%s\" title=\"%s\">%.10s %.8s</time>", text, text, text, text + 11);
}

void part_seq(const struct page_view *view, uint64_t seq) {
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)seq);
    html_put(view->out, "<a");
    part_href(view, "/events/", (struct bytes){(const uint8_t *)text, (size_t)n}, (struct bytes){0});
    buf_printf(view->out, ">%s</a>", text);
}

static void put_ms(struct buf *out, double ms) {
    if (ms < 1) {
        buf_printf(out, "%.3f ms", ms);
    } else if (ms < 10000) {
        buf_printf(out, "%.0f ms", ms);
    } else if (ms < 600000) {
        buf_printf(out, "%.1f s", ms / 1000);
    } else {
        buf_printf(out, "%.0f min", ms / 60000);
    }
}

static void put_time_cell(struct buf *out, struct bytes row, const char *member) {
    struct bytes text = doc_text(row, member);
    uint64_t ns = 0;
    if (doc_time(row, member, &ns)) {
        part_time(out, ns);
    } else if (text.n >= 19 && text.p[10] == 'T') {
        html_put(out, "<time");
        html_attr(out, "title", text);
        html_put(out, ">");
        html_text(out, (struct bytes){text.p, 10});
        buf_put_u8(out, ' ');
        html_text(out, (struct bytes){text.p + 11, 8});
        html_put(out, "</time>");
    } else {
        html_cut(out, text, HTML_CELL_MAX);
    }
}

static void put_words(struct buf *out, struct bytes value) {
    struct buf words = {.max = (size_t)1 << 20};
    doc_words(value, &words);
    html_cut(out, bytes_of_buf(&words), HTML_CELL_MAX);
    buf_done(&words);
}

static void put_link(const struct page_view *view, const char *path, struct bytes segment, struct bytes second) {
    if (segment.n + second.n > HTML_CELL_MAX) { /* nothing has such a name */
        html_id(view->out, second.n > 0 ? second : segment);
        return;
    }
    html_put(view->out, "<a");
    part_href(view, path, segment, second);
    html_put(view->out, ">");
    html_id(view->out, second.n > 0 ? second : segment);
    html_put(view->out, "</a>");
}

void part_value(const struct page_view *view, const struct page_column *column, struct bytes row) {
    struct bytes text = doc_text(row, column->member), value = doc_get(row, column->member);
    double number = 0;
    uint64_t seq = 0;
    if (value.n == 0) {
        html_put(view->out, "<span class=\"none\">-</span>");
    } else if (column->how == SHOW_STATE) {
        part_state(view->out, text);
    } else if (column->how == SHOW_TIME) {
        put_time_cell(view->out, row, column->member);
    } else if (column->how == SHOW_SEQ && doc_uint(row, column->member, &seq)) {
        part_seq(view, seq);
    } else if (column->how == SHOW_MS && doc_number(row, column->member, &number)) {
        put_ms(view->out, number);
    } else if (column->how == SHOW_CODE) {
        html_put(view->out, "<code>");
        html_cut(view->out, text, HTML_CELL_MAX);
        html_put(view->out, "</code>");
    } else if (column->how == SHOW_RUN && text.n > 0) {
        put_link(view, "/runs/", text, (struct bytes){0});
    } else if (column->how == SHOW_WHY && text.n > 0) {
        put_link(view, "/why/", bytes_of(column->noun), text);
    } else {
        put_words(view->out, value);
    }
}

static bool is_number(enum show_how how) {
    return how == SHOW_NUMBER || how == SHOW_MS || how == SHOW_SEQ;
}

static void put_heads(const struct page_view *view, const struct page_part *part) {
    html_put(view->out, "<thead><tr>");
    for (const struct page_column *c = part->columns; c < part->columns + PART_COLUMNS && c->member != NULL; c++) {
        buf_printf(view->out, "<th scope=\"col\"%s>%s</th>", is_number(c->how) ? " class=\"number\"" : "", c->title);
    }
    html_put(view->out, "</tr></thead>\n");
}

void draw_rows(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct doc_list rows = doc_list(doc_get(doc, part->list));
    struct bytes row;
    if (rows.left == 0) {
        buf_printf(view->out, "<p class=\"empty\">%s</p>\n", part->empty);
        return;
    }
    buf_printf(view->out,
               "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table><caption>%s</caption>",
               part->title, part->title);
    put_heads(view, part);
    html_put(view->out, "<tbody>\n");
    while (doc_next(&rows, &row)) {
        html_put(view->out, "<tr>");
        for (const struct page_column *c = part->columns; c < part->columns + PART_COLUMNS && c->member != NULL; c++) {
            html_put(view->out, is_number(c->how) ? "<td class=\"number\">" : "<td>");
            part_value(view, c, row);
            html_put(view->out, "</td>");
        }
        html_put(view->out, "</tr>\n");
    }
    html_put(view->out, "</tbody></table></div>\n");
}
