/* One event: its header as a list, its open fields, what it cites. And the proof that it is in the log. */
#include "serve/pages/part.h"

static void put_row(const struct page_view *view, const char *title, const struct page_column *column, struct bytes map) {
    buf_printf(view->out, "<dt>%s</dt><dd>", title);
    part_value(view, column, map);
    html_put(view->out, "</dd>\n");
}

static void put_fields(const struct page_view *view, struct bytes map) {
    struct doc_list members = doc_map(map);
    struct bytes name, value;
    struct buf words = {.max = (size_t)1 << 20};
    if (members.left == 0) {
        html_put(view->out, "<p class=\"empty\">No open fields.</p>\n");
        return;
    }
    html_put(view->out, "<dl class=\"fields\">\n");
    while (doc_next_member(&members, &name, &value)) {
        html_put(view->out, "<dt>");
        html_cut(view->out, name, 100);
        html_put(view->out, "</dt><dd>");
        buf_clear(&words);
        doc_words(value, &words);
        html_cut(view->out, bytes_of_buf(&words), 4000);
        html_put(view->out, "</dd>\n");
    }
    html_put(view->out, "</dl>\n");
    buf_done(&words);
}

void draw_event(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    static const struct page_column columns[] = {{"kind", "kind", SHOW_TEXT, NULL},
                                                 {"time_text", "recorded", SHOW_TIME, NULL},
                                                 {"subject", "about", SHOW_TEXT, NULL},
                                                 {"actor", "by", SHOW_TEXT, NULL},
                                                 {"source", "from", SHOW_TEXT, NULL},
                                                 {"grade", "grade", SHOW_TEXT, NULL},
                                                 {"run", "run", SHOW_RUN, NULL},
                                                 {"cause", "caused by event", SHOW_SEQ, NULL},
                                                 {"author", "signed by", SHOW_TEXT, NULL},
                                                 {"key", "idempotency key", SHOW_TEXT, NULL},
                                                 {"corrected_by", "corrected by event", SHOW_SEQ, NULL},
                                                 {"leaf", "leaf", SHOW_TEXT, NULL},
                                                 {"body_commitment", "commitment to its fields", SHOW_TEXT, NULL},
                                                 {"private_commitment", "commitment to private fields", SHOW_TEXT, NULL}};
    (void)part;
    html_put(view->out, "<dl class=\"fields\">\n");
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        struct bytes value = doc_get(doc, columns[i].member);
        if (value.n > 0 && !(value.n == 1 && value.p[0] == 0xa0)) { /* neither null nor "" */
            put_row(view, columns[i].title, &columns[i], doc);
        }
    }
    html_put(view->out, "</dl>\n<h3>Open fields</h3>\n");
    put_fields(view, doc_get(doc, "body"));
}

void draw_proof(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    (void)part;
    html_put(view->out, "<p>Whoever has the ledger's verifier key can check with this that the event is in the log "
                        "(c2sp.org/tlog-proof):</p>\n<pre tabindex=\"0\">");
    struct bytes proof = doc_text(doc, "proof");
    for (size_t at = 0; at < proof.n;) { /* line by line: line ends stay */
        size_t n = 0;
        while (at + n < proof.n && proof.p[at + n] != '\n') {
            n++;
        }
        html_text(view->out, (struct bytes){proof.p + at, n});
        html_put(view->out, "\n");
        at += n + 1;
    }
    html_put(view->out, "</pre>\n");
}

void draw_verify(const struct page_view *view, const struct page_part *part, struct bytes doc) {
    struct doc_list aspects = doc_map(doc_get(doc, "aspects"));
    struct bytes name, value;
    (void)part;
    html_put(view->out, "<p>Verdict: ");
    part_state(view->out, doc_text(doc, "verdict"));
    html_put(view->out, "</p>\n<dl class=\"fields\">\n");
    while (doc_next_member(&aspects, &name, &value)) {
        html_put(view->out, "<dt>");
        html_cut(view->out, name, 100);
        html_put(view->out, "</dt><dd>");
        part_state(view->out, doc_text(value, "state"));
        html_put(view->out, " ");
        html_cut(view->out, doc_text(value, "text"), 1000);
        html_put(view->out, "</dd>\n");
    }
    html_put(view->out, "</dl>\n");
}
