/* Members have one order for each schema. A report's members are written here; a command adds its own. */
#include "lib/json/report.h"

#include "lib/json/question.h"

static const char *const state_names[] = {[LOG_ASPECT_GOOD] = "good",
                                          [LOG_ASPECT_NOTE] = "note",
                                          [LOG_ASPECT_UNCHECKED] = "unchecked",
                                          [LOG_ASPECT_FAULT] = "fault"};

const char *report_verdict_name(enum log_verdict verdict) {
    switch (verdict) {
    case LOG_GOOD:
        return "good";
    case LOG_NOT_ANCHORED:
        return "not anchored";
    case LOG_CONTRADICTS:
        return "contradicts";
    case LOG_INVALID:
        break;
    }
    return "invalid";
}

const char *report_rule(const struct log_report *report) {
    const char *rule = report->verdict == LOG_CONTRADICTS                         ? report->contradicts
                       : report->verdict == LOG_INVALID && report->n_findings > 0 ? report->findings[0].rule
                                                                                  : "";
    return rule[0] == '\0' ? NULL : rule;
}

static void put_aspect(struct obj *aspects, const char *name, enum log_aspect_state state, const char *text) {
    struct obj aspect = {0};
    obj_text(&aspect, "state", state_names[state]);
    obj_text(&aspect, "text", text);
    obj_obj(aspects, name, &aspect);
}

static void put_verdict(struct obj *obj, const char *what, const struct log_report *report) {
    obj_text(obj, "verdict", report_verdict_name(report->verdict));
    obj_uint(obj, "exit", (uint64_t)report->verdict);
    obj_text(obj, "rule", report_rule(report));
    obj_text(obj, "what", what);
}

static void put_finding(struct obj *findings, const struct log_finding *finding, bool bundle) {
    struct obj f = {0};
    obj_text(&f, "aspect", log_aspect_name(finding->aspect));
    if (bundle) {
        obj_text(&f, "member", finding->place[0] ? finding->place : NULL);
    }
    obj_uint(&f, "seq", finding->seq);
    if (!bundle) {
        obj_text(&f, "table", finding->place);
    }
    obj_text(&f, "rule", finding->rule[0] ? finding->rule : NULL);
    obj_text(&f, "reason", finding->reason);
    obj_obj(findings, NULL, &f);
}

static void put_checks(struct obj *obj, const struct log_report *report, bool bundle) {
    struct obj aspects = {0}, findings = {0};
    for (size_t i = 0; i < LOG_ASPECTS; i++) {
        if (report->aspect[i].state != LOG_ASPECT_ABSENT) {
            put_aspect(&aspects, log_aspect_name((enum log_aspect)i), report->aspect[i].state, report->aspect[i].text);
        }
    }
    for (size_t i = 0; i < log_findings_kept(report); i++) {
        put_finding(&findings, &report->findings[i], bundle);
    }
    obj_obj(obj, "aspects", &aspects);
    obj_uint(obj, "findings_total", report->n_findings);
    obj_list(obj, "findings", &findings);
}

void report_put(struct obj *obj, const char *what, const struct log_report *report) {
    put_verdict(obj, what, report);
    obj_text(obj, "origin", report->origin[0] ? report->origin : NULL);
    obj_uint(obj, "size", report->head.size);
    obj_hex(obj, "root", report->head.root, LOG_HASH);
    obj_time(obj, "time", report->head.time);
    obj_uint(obj, "from", report->from);
    put_checks(obj, report, report->aspect[LOG_CONTAINER].state != LOG_ASPECT_ABSENT);
}

static void put_counts(struct obj *obj, const struct export_report *report) {
    const struct export_counts *c = &report->counts;
    struct obj counts = {0};
    obj_uint(&counts, "headers", c->headers);
    obj_uint(&counts, "matching", c->matching);
    obj_uint(&counts, "disclosed", c->disclosed);
    obj_uint(&counts, "withheld", c->withheld);
    obj_uint(&counts, "erased", c->erased);
    obj_uint(&counts, "private_fields", c->private_);
    obj_uint(&counts, "private_erased", c->private_erased);
    obj_uint(&counts, "private_all_erased", c->private_all);
    obj_uint(&counts, "artifacts", c->artifacts);
    obj_uint(&counts, "gaps", c->gaps);
    obj_obj(obj, "counts", &counts);
}

void report_put_bundle(struct obj *obj, const char *what, const struct export_report *report,
                       const struct export_question *question) {
    const struct log_report *log = &report->log;
    put_verdict(obj, what, log);
    obj_text(obj, "format", report->sparse ? "sparse" : "bundle");
    obj_text(obj, "origin", log->origin[0] ? log->origin : NULL);
    obj_uint(obj, "size", log->head.size);
    obj_hex(obj, "root", log->head.root, LOG_HASH);
    obj_uint(obj, "from", report->counts.from);
    obj_uint(obj, "to", report->counts.to);
    put_counts(obj, report);
    question_put(obj, question);
    put_checks(obj, log, true);
}
