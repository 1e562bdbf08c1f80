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

const char *report_rule(enum log_verdict verdict, const char *broken, const char *contradicts) {
    const char *rule = verdict == LOG_INVALID ? broken : verdict == LOG_CONTRADICTS ? contradicts : "";
    return rule[0] == '\0' ? NULL : rule;
}

static void put_aspect(struct obj *aspects, const char *name, enum log_aspect_state state, const char *text) {
    struct obj aspect = {0};
    obj_text(&aspect, "state", state_names[state]);
    obj_text(&aspect, "text", text);
    obj_obj(aspects, name, &aspect);
}

static void put_verdict(struct obj *obj, enum log_verdict verdict, const char *broken, const char *contradicts,
                        const char *what) {
    obj_text(obj, "verdict", report_verdict_name(verdict));
    obj_uint(obj, "exit", (uint64_t)verdict);
    obj_text(obj, "rule", report_rule(verdict, broken, contradicts));
    obj_text(obj, "what", what);
}

void report_put(struct obj *obj, const char *what, const struct log_report *report) {
    struct obj aspects = {0}, findings = {0};
    for (size_t i = 0; i < LOG_ASPECTS; i++) {
        put_aspect(&aspects, log_aspect_name((enum log_aspect)i), report->aspect[i].state, report->aspect[i].text);
    }
    for (size_t i = 0; i < LOG_FINDINGS_MAX && i < report->n_findings; i++) {
        const struct log_finding *finding = &report->findings[i];
        struct obj f = {0};
        obj_text(&f, "aspect", log_aspect_name(finding->aspect));
        obj_uint(&f, "seq", finding->seq);
        obj_text(&f, "table", finding->table);
        obj_text(&f, "rule", finding->rule[0] ? finding->rule : NULL);
        obj_text(&f, "reason", finding->reason);
        obj_obj(&findings, NULL, &f);
    }
    put_verdict(obj, report->verdict, report->n_findings > 0 ? report->findings[0].rule : "", report->contradicts, what);
    obj_text(obj, "origin", report->origin[0] ? report->origin : NULL);
    obj_uint(obj, "size", report->head.size);
    obj_hex(obj, "root", report->head.root, LOG_HASH);
    obj_time(obj, "time", report->head.time);
    obj_uint(obj, "from", report->from);
    obj_obj(obj, "aspects", &aspects);
    obj_uint(obj, "findings_total", report->n_findings);
    obj_list(obj, "findings", &findings);
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

size_t report_bundle_kept(const struct export_report *report) {
    size_t max = sizeof(report->findings) / sizeof(report->findings[0]);
    return report->n_findings < max ? (size_t)report->n_findings : max;
}

void report_put_bundle(struct obj *obj, const char *what, const struct export_report *report,
                       const struct export_question *question) {
    struct obj aspects = {0}, findings = {0};
    put_verdict(obj, report->verdict, report->n_findings > 0 ? report->findings[0].rule : "", report->contradicts, what);
    obj_text(obj, "format", report->sparse ? "sparse" : "bundle");
    obj_text(obj, "origin", report->origin[0] ? report->origin : NULL);
    obj_uint(obj, "size", report->head.size);
    obj_hex(obj, "root", report->head.root, LOG_HASH);
    obj_uint(obj, "from", report->counts.from);
    obj_uint(obj, "to", report->counts.to);
    put_counts(obj, report);
    question_put(obj, question);
    for (size_t i = 0; i < EXPORT_ASPECTS; i++) {
        put_aspect(&aspects, export_aspect_name((enum export_aspect)i), report->aspect[i].state, report->aspect[i].text);
    }
    for (size_t i = 0; i < report_bundle_kept(report); i++) {
        struct obj f = {0};
        obj_text(&f, "aspect", export_aspect_name(report->findings[i].aspect));
        obj_text(&f, "member", report->findings[i].member[0] ? report->findings[i].member : NULL);
        obj_uint(&f, "seq", report->findings[i].seq);
        obj_text(&f, "rule", report->findings[i].rule);
        obj_text(&f, "reason", report->findings[i].reason);
        obj_obj(&findings, NULL, &f);
    }
    obj_obj(obj, "aspects", &aspects);
    obj_uint(obj, "findings_total", report->n_findings);
    obj_list(obj, "findings", &findings);
}
