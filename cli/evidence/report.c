/* There is no bare "OK": each aspect has its line with its bounds, and the verdict says against what. */
#include "cli/evidence/report.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/print/say.h"

const char *report_state_word(enum log_aspect_state state) {
    switch (state) {
    case LOG_ASPECT_GOOD:
        return "good";
    case LOG_ASPECT_NOTE:
        return "note";
    case LOG_ASPECT_UNCHECKED:
        return "not checked";
    case LOG_ASPECT_FAULT:
        return "FAULT";
    case LOG_ASPECT_ABSENT:
        break;
    }
    return "?";
}

static enum out_color state_color(enum log_aspect_state state) {
    switch (state) {
    case LOG_ASPECT_GOOD:
        return OUT_GREEN;
    case LOG_ASPECT_FAULT:
        return OUT_RED;
    case LOG_ASPECT_NOTE:
        return OUT_YELLOW;
    case LOG_ASPECT_UNCHECKED:
    case LOG_ASPECT_ABSENT:
        break;
    }
    return OUT_DIM;
}

static const char *verdict_text(const struct log_report *report) {
    switch (report->verdict) {
    case LOG_GOOD:
        return "valid and anchored: every check above that was made passed";
    case LOG_NOT_ANCHORED:
        if (report->aspect[LOG_ANCHORING].state == LOG_ASPECT_GOOD) {
            return "consistent and anchored, but not everything that it claims is proven: see above";
        }
        return "consistent, but not anchored: nothing from outside vouches for it (see --key, --genesis, --policy)";
    case LOG_CONTRADICTS:
        return "CONTRADICTS what was known from outside: it was cut back, exchanged or forked";
    case LOG_INVALID:
        break;
    }
    return "INVALID: tampered or corrupt";
}

void report_wrapped(struct cli *cli, struct bytes text, int indent) {
    bool empty = text.n == 0;
    size_t width = out_width(cli), room = width > 2 * (size_t)indent ? width - (size_t)indent : width;
    while (text.n > room) {
        size_t n = room + 1;
        while (n > 0 && text.p[n - 1] != ' ') {
            n--;
        }
        for (n = n > 0 ? n : room + 1; n < text.n && text.p[n - 1] != ' ';) {
            n++; /* a word longer than the line stays whole */
        }
        out_safe(cli, (struct bytes){text.p, text.p[n - 1] == ' ' ? n - 1 : n});
        text.p += n;
        text.n -= n;
        out_printf(cli, "\n%*s", text.n > 0 ? indent : 0, "");
    }
    if (text.n > 0 || empty) {
        out_safe(cli, text);
        out_str(cli, "\n");
    }
}

static int print_json(struct cli *cli, const char *what, const struct log_report *report, const struct rivals *rivals,
                      const struct log_trust *trust) {
    struct obj obj = {0};
    report_put(&obj, what, report);
    if (rivals != NULL) {
        rivals_put(&obj, rivals, trust);
    }
    return cli_print(cli, &obj, false);
}

static void print_head(struct cli *cli, const char *what, const struct log_report *report) {
    char time[TEXT_TIME_MAX], root[2 * LOG_HASH + 1];
    out_str(cli, "verified      ");
    out_safe(cli, bytes_of(what));
    if (report->origin[0]) {
        out_str(cli, "\norigin        ");
        out_safe(cli, bytes_of(report->origin));
    }
    if (report->head.size > 0) {
        text_hex(root, report->head.root, LOG_HASH);
        out_printf(cli, "\nhead          size %llu, root %s", (unsigned long long)report->head.size, root);
    }
    if (report->head.time > 0) {
        text_time(time, report->head.time);
        out_printf(cli, "\nnewest event  %s", time);
    }
    if (report->from > 0) {
        out_printf(cli, "\nread          events %llu and up; those before were not read again",
                   (unsigned long long)report->from);
    }
    out_str(cli, "\n\n");
}

static void print_aspect(struct cli *cli, const char *name, enum log_aspect_state state, const char *text) {
    out_printf(cli, "%-13s %s%-11s%s  ", name, out_color(cli, state_color(state)), report_state_word(state),
               out_color(cli, OUT_PLAIN));
    report_wrapped(cli, bytes_of(text), 27);
}

static void print_verdict(struct cli *cli, const struct log_report *report) {
    enum log_verdict verdict = report->verdict;
    enum out_color color = verdict == LOG_GOOD ? OUT_GREEN : verdict == LOG_NOT_ANCHORED ? OUT_YELLOW : OUT_RED;
    out_printf(cli, "%sverdict%s       %s", out_color(cli, color), out_color(cli, OUT_PLAIN), verdict_text(report));
    if (verdict == LOG_CONTRADICTS && report->contradicts[0] != '\0') {
        out_printf(cli, " (rule %s)", report->contradicts);
    }
    out_str(cli, "\n");
}

static void print_place(struct cli *cli, const char *what, const struct log_finding *finding) {
    if (strncmp(finding->place, "line ", 5) == 0) { /* of a stream */
        out_printf(cli, "%s, ", finding->place);
    } else if (finding->place[0] != '\0') {
        out_printf(cli, "%s '", what);
        out_safe(cli, bytes_of(finding->place));
        out_str(cli, "', ");
    }
}

static void print_finding(struct cli *cli, const struct log_finding *finding, bool first, bool bundle) {
    out_printf(cli, "%s%s%s: ", out_color(cli, OUT_RED), first ? "first fault" : "fault", out_color(cli, OUT_PLAIN));
    if (bundle) {
        print_place(cli, "member", finding);
    }
    if (finding->seq != LOG_NO_SEQ) {
        out_printf(cli, "seq %llu, ", (unsigned long long)finding->seq);
    }
    if (!bundle) {
        print_place(cli, "table", finding);
    }
    out_printf(cli, "%s%s%s: ", log_aspect_name(finding->aspect), finding->rule[0] ? ", rule " : "", finding->rule);
    out_safe(cli, bytes_of(finding->reason));
    out_str(cli, "\n");
}

void report_checks(struct cli *cli, const struct log_report *report) {
    bool bundle = report->aspect[LOG_CONTAINER].state != LOG_ASPECT_ABSENT;
    for (size_t i = 0; i < LOG_ASPECTS; i++) {
        if (report->aspect[i].state != LOG_ASPECT_ABSENT) {
            print_aspect(cli, log_aspect_name((enum log_aspect)i), report->aspect[i].state, report->aspect[i].text);
        }
    }
    out_str(cli, "\n");
    for (size_t i = 0; i < log_findings_kept(report); i++) {
        print_finding(cli, &report->findings[i], i == 0, bundle);
    }
    if (report->n_findings > LOG_FINDINGS_MAX) {
        out_printf(cli, "and %llu more\n", (unsigned long long)(report->n_findings - LOG_FINDINGS_MAX));
    }
    print_verdict(cli, report);
}

int report_print(struct cli *cli, const char *what, const struct log_report *report) {
    return report_print_rivals(cli, what, report, NULL, NULL);
}

int report_print_rivals(struct cli *cli, const char *what, const struct log_report *report, const struct rivals *rivals,
                        const struct log_trust *trust) {
    if (cli->json) {
        int exit_code = print_json(cli, what, report, rivals, trust);
        return exit_code != 0 ? exit_code : (int)report->verdict;
    }
    print_head(cli, what, report);
    report_checks(cli, report);
    if (rivals != NULL) {
        rivals_print(cli, rivals, trust);
    }
    return (int)report->verdict;
}
