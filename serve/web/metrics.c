/* What this server did, in Prometheus' text format 0.0.4. */
#include "serve/web/site.h"

static void put(struct buf *out, const char *name, const char *type, const char *about, uint64_t value) {
    buf_printf(out, "# HELP ledger_%s %s\n# TYPE ledger_%s %s\nledger_%s %llu\n", name, about, name, type, name,
               (unsigned long long)value);
}

void web_answer_metrics(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct buf *out = &reply->body;
    put(out, "events_total", "counter", "Events in the ledger.", web_size(w));
    put(out, "http_connections", "gauge", "Open connections.", httpd_connections(w->httpd));
    put(out, "http_viewers", "gauge", "Clients that follow the stream.", w->counts.viewers);
    buf_put_str(out, "# HELP ledger_http_requests_total Answered requests, by the class of their status.\n"
                     "# TYPE ledger_http_requests_total counter\n");
    for (unsigned i = 2; i < 6; i++) {
        buf_printf(out, "ledger_http_requests_total{status=\"%uxx\"} %llu\n", i, (unsigned long long)w->counts.requests[i]);
    }
    put(out, "http_questions_total", "counter", "Commands that were run for answers.", w->counts.questions);
    put(out, "http_questions_late_total", "counter", "Commands that were ended because they took too long.",
        w->counts.late);
    web_json(w, reply, call->id);
    reply->type = "text/plain; version=0.0.4";
}
