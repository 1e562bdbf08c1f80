/* The course of a verification, and its report. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/ustar.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "export/verify/checking.h"

/* ---- the report ---- */

int check_fault(struct checking *c, const char *rule, enum log_aspect aspect, uint64_t seq, const char *fmt, ...) {
    struct log_finding finding = {.aspect = aspect, .seq = seq};
    const char *member = c->about != NULL ? c->about : c->reading == NULL ? "" : reading_name(c->reading);
    struct buf safe = {.max = 4 * sizeof(finding.reason)};
    char reason[sizeof(finding.reason)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    text_safe(&safe, bytes_of(reason));
    struct bytes words = bytes_of_buf(&safe);
    snprintf(finding.rule, sizeof(finding.rule), "%s", rule);
    snprintf(finding.place, sizeof(finding.place), "%s", member);
    snprintf(finding.reason, sizeof(finding.reason), "%.*s", (int)words.n, words.n == 0 ? "" : (const char *)words.p);
    report_say(c->report, aspect, LOG_ASPECT_FAULT, "%s%s%.380s", member, member[0] == '\0' ? "" : ": ", finding.reason);
    report_add(c->report, &finding, false);
    buf_done(&safe);
    return ERR_TAMPERED;
}

void check_contradiction(struct checking *c, const char *rule, const char *text) {
    report_contradict(c->report, rule, LOG_ANCHORING, text);
    c->contradicted = true;
}

void check_say(struct checking *c, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    report_vsay(c->report, aspect, state, fmt, ap);
    va_end(ap);
}

void check_gaps_end(struct checking *c) {
    uint64_t gaps = c->found->counts.gaps;
    if (gaps == 0) {
        check_say(c, LOG_GAPS, LOG_ASPECT_GOOD, "none recorded");
    } else {
        check_say(c, LOG_GAPS, LOG_ASPECT_NOTE, "%llu recorded, the first by event %llu", (unsigned long long)gaps,
                  (unsigned long long)c->first_gap);
    }
}

/* ---- members ---- */

bool check_is_at(const struct checking *c, const char *name) {
    return !c->at_end && strcmp(reading_name(c->reading), name) == 0;
}

int check_expect(struct checking *c, const char *name, size_t max, struct err *err) {
    c->rule = "B3";
    if (!c->at_end && (check_is_at(c, "DOCTOR.md") || check_is_at(c, "LEFT_OUT.md"))) {
        return err_set(err, ERR_CORRUPT, "found where '%s' should be: this is a support report, which proves nothing",
                       name);
    }
    if (!check_is_at(c, name)) {
        return c->at_end ? err_set(err, ERR_CORRUPT, "the archive ends where '%s' should be", name)
                         : err_set(err, ERR_CORRUPT, "found where '%s' should be", name);
    }
    if (reading_size(c->reading) == 0 || reading_size(c->reading) > max) {
        return err_set(err, ERR_CORRUPT, "it has %llu bytes; expected 1 to %zu",
                       (unsigned long long)reading_size(c->reading), max);
    }
    return 0;
}

static bool is_at_subject(const struct checking *c) {
    const struct manifest *m = &c->manifest;
    return c->next_subject < m->n_subjects && check_is_at(c, m->subject[c->next_subject].name);
}

/* The digest of the current member, which also completes its line of SHA256SUMS. */
static void end_member(struct checking *c, uint8_t ret[LOG_HASH]) {
    uint8_t memory[2 * LOG_HASH + BUNDLE_NAME_MAX + 4];
    struct buf line = {.p = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    reading_digest(c->reading, ret);
    c->summing = false;
    bundle_sum(&line, reading_name(c->reading), ret);
    hash_put(c->sums, line.p, line.n);
}

int check_advance(struct checking *c, struct err *err) {
    uint8_t digest[LOG_HASH];
    c->rule = "B3";
    if (c->summing && reading_left(c->reading) == 0) {
        end_member(c, digest);
    }
    int rc = reading_next(c->reading, err);
    c->at_end = rc == 1;
    c->summing = rc == 0 && c->manifest.format == 2 && !check_is_at(c, BUNDLE_CHECKPOINT);
    return rc == 1 ? 0 : rc;
}

int check_subject(struct checking *c, struct err *err) {
    const struct manifest *m = &c->manifest;
    uint8_t digest[LOG_HASH];
    c->rule = "B9";
    if (!is_at_subject(c)) {
        return err_set(err, ERR_CORRUPT, "the manifest does not name it at this place");
    }
    end_member(c, digest);
    if (memcmp(digest, m->subject[c->next_subject++].digest, LOG_HASH) != 0) {
        return check_fault(c, "B9", LOG_INTEGRITY, LOG_NO_SEQ, "its digest is not the one in the manifest");
    }
    return check_advance(c, err);
}

static int check_manifest(struct checking *c, struct err *err) {
    struct buf text = {.max = BUNDLE_MANIFEST_MAX};
    int rc = check_advance(c, err);
    if (rc == ERR_CORRUPT && reading_members(c->reading) == 0) {
        err_prefix(err, "it does not begin as a bundle does");
    }
    if (rc == 0) rc = check_expect(c, BUNDLE_MANIFEST, BUNDLE_MANIFEST_MAX, err);
    if (rc == 0) rc = reading_rest(c->reading, &text, BUNDLE_MANIFEST_MAX, err);
    if (rc == 0) rc = manifest_decode(&c->manifest, bytes_of_buf(&text), err);
    buf_done(&text);
    if (c->manifest.rule != NULL) {
        c->rule = c->manifest.rule;
    }
    if (rc == 0) {
        c->found->sparse = c->manifest.sparse;
        c->found->counts.head.size = c->manifest.size;
        memcpy(c->found->counts.head.root, c->manifest.root, LOG_HASH);
        c->found->counts.from = c->manifest.from;
        c->found->counts.to = c->manifest.to;
    }
    if (rc == 0 && c->options->question != NULL) {
        question_begin(c->options->question, &c->manifest);
    }
    if (rc == 0) rc = check_advance(c, err);
    return rc;
}

/* Members that are only hashed: artifacts, VERIFY.md. */
static int check_plain(struct checking *c, const char *front, uint64_t max, struct err *err) {
    size_t n = strlen(front);
    int rc = 0;
    while (rc == 0 && c->next_subject < c->manifest.n_subjects &&
           strncmp(c->manifest.subject[c->next_subject].name, front, n) == 0) {
        const char *name = c->manifest.subject[c->next_subject].name;
        bool may_be_empty = front[0] == 'a' && reading_size(c->reading) == 0;
        if (!check_is_at(c, name) || !may_be_empty) rc = check_expect(c, name, (size_t)max, err);
        while (rc == 0 && reading_left(c->reading) > 0) {
            struct bytes piece;
            rc = reading_peek(c->reading, READING_PEEK_MAX, &piece, err);
            if (rc == 0) {
                reading_skip(c->reading, piece.n);
                c->found->counts.artifact_bytes += front[0] == 'a' ? piece.n : 0;
            }
        }
        c->found->counts.artifacts += front[0] == 'a';
        if (rc == 0) rc = check_subject(c, err);
    }
    return rc;
}

/* SHA256SUMS: the digests of all members read, as sha256sum(1) checks them. */
static int check_sums(struct checking *c, struct err *err) {
    uint8_t want[LOG_HASH], digest[LOG_HASH];
    int rc = check_expect(c, BUNDLE_SUMS, BUNDLE_SUMS_MAX, err);
    if (rc != 0) return rc;
    hash_end(c->sums, want);
    while (rc == 0 && reading_left(c->reading) > 0) {
        struct bytes piece;
        rc = reading_peek(c->reading, READING_PEEK_MAX, &piece, err);
        if (rc == 0) {
            reading_skip(c->reading, piece.n);
        }
    }
    if (rc != 0) return rc;
    end_member(c, digest);
    if (memcmp(digest, c->manifest.subject[c->next_subject].digest, LOG_HASH) != 0) {
        return check_fault(c, "B9", LOG_INTEGRITY, LOG_NO_SEQ, "its digest is not the one in the manifest");
    }
    if (memcmp(digest, want, LOG_HASH) != 0) {
        return check_fault(c, "B26", LOG_INTEGRITY, LOG_NO_SEQ,
                           "its lines are not the digests of the members before it, in order");
    }
    c->next_subject++;
    return check_advance(c, err);
}

/* ---- the whole ---- */

static int check_counts(struct checking *c) {
    const struct export_counts *mine = &c->found->counts, *said = &c->manifest.counts;
    if (mine->headers != said->headers || mine->matching != said->matching || mine->disclosed != said->disclosed ||
        mine->withheld != said->withheld || mine->erased != said->erased || mine->private_ != said->private_ ||
        mine->artifacts != said->artifacts) {
        return check_fault(c, "B24", LOG_INTEGRITY, LOG_NO_SEQ, "the manifest's counts are not those of the bundle");
    }
    if ((mine->gaps < BUNDLE_GAPS_MAX ? mine->gaps : BUNDLE_GAPS_MAX) != c->manifest.n_gaps) {
        return check_fault(c, "B24", LOG_GAPS, LOG_NO_SEQ, "the manifest names gaps that are not in the bundle");
    }
    return 0;
}

static int check_all(struct checking *c, struct err *err) {
    int rc = check_manifest(c, err);
    if (rc == 0) rc = check_checkpoint(c, err);
    if (rc == 0) rc = check_keys(c, err);
    if (rc != 0) return rc;
    check_trust(c);
    rc = check_erasures(c, err);
    if (rc == 0) rc = check_states_begin(c, err);
    if (rc == 0) rc = c->manifest.sparse ? check_sparse(c, err) : check_range(c, err);
    if (rc == 0) rc = check_plain(c, BUNDLE_ARTIFACTS, USTAR_SIZE_MAX, err);
    if (rc == 0) rc = check_states(c, err);
    if (rc == 0) rc = check_plain(c, BUNDLE_VERIFY, BUNDLE_VERIFY_MAX, err);
    if (rc == 0 && c->manifest.format != 1) rc = check_sums(c, err);
    if (rc == 0 && !c->at_end) {
        c->rule = "B3";
        rc = err_set(err, ERR_CORRUPT, "found where the archive should end");
    }
    if (rc == 0) rc = check_counts(c);
    return rc;
}

static void say_seals(struct checking *c) {
    char restored[96] = "";
    size_t n = c->n_epochs;
    if (c->n_restored > 0) {
        snprintf(restored, sizeof(restored), "; restored from a backup %llu time%s, last by event %llu",
                 (unsigned long long)c->n_restored, c->n_restored == 1 ? "" : "s", (unsigned long long)c->last_restored);
    }
    check_say(c, LOG_SEALS, c->n_restored > 0 ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD,
              "manifest and checkpoint of size %llu by log key '%.200s'; %zu epoch key%s, %zu handover%s%s",
              (unsigned long long)c->point.size, c->log.name, n, n == 1 ? "" : "s", n - 1, n == 2 ? "" : "s", restored);
}

static void say_completeness(struct checking *c) {
    const struct export_counts *n = &c->found->counts;
    if (c->manifest.sparse) {
        check_say(c, LOG_COMPLETENESS, LOG_ASPECT_NOTE, "not claimed: %llu chosen event%s; others were not examined",
                  (unsigned long long)n->headers, text_s(n->headers));
        return;
    }
    uint64_t beside = c->options->question == NULL ? 0 : export_stand_out(c->options->question);
    char more[96] = "";
    if (beside > 0) {
        snprintf(more, sizeof(more), "; %llu more of a kind that the filter names %s kept out", (unsigned long long)beside,
                 beside == 1 ? "is" : "are");
    }
    check_say(c, LOG_COMPLETENESS, beside > 0 ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD,
              "complete within [%llu, %llu); outside not examined: of %llu event%s %llu match%s, %llu "
              "disclosed, %llu withheld, %llu erased%s",
              (unsigned long long)n->from, (unsigned long long)n->to, (unsigned long long)n->headers, text_s(n->headers),
              (unsigned long long)n->matching, c->manifest.has_since || c->manifest.has_until ? " filter and time" : "",
              (unsigned long long)n->disclosed, (unsigned long long)n->withheld, (unsigned long long)n->erased, more);
}

static void say_erasures(struct checking *c) {
    const struct export_counts *n = &c->found->counts;
    struct buf text = {.max = 400};
    if (n->erased > 0) {
        buf_printf(&text, "%llu %s erased, each by a proven ledger.erased event", (unsigned long long)n->erased,
                   n->erased == 1 ? "body was" : "bodies were");
    }
    buf_put_str(&text, n->erased > 0 && n->private_erased + n->private_all > 0 ? "; " : "");
    export_erased_words(n, &text);
    check_say(c, LOG_ERASURES, text.n == 0 ? LOG_ASPECT_GOOD : LOG_ASPECT_NOTE, "%.*s",
              text.n == 0 ? (int)strlen("none") : (int)text.n, text.n == 0 ? "none" : (const char *)text.p);
    buf_done(&text);
}

static void say_all(struct checking *c) {
    const struct export_counts *n = &c->found->counts;
    c->report->head.time = n->to == n->head.size ? c->time : 0;
    check_say(c, LOG_CONTAINER, LOG_ASPECT_GOOD, "%llu member%s, %s%s", (unsigned long long)reading_members(c->reading),
              text_s(reading_members(c->reading)), reading_is_compressed(c->reading) ? "compressed" : "plain",
              c->manifest.format == 1 ? "; format 1, without SHA256SUMS of all members" : "");
    check_say(c, LOG_INTEGRITY, LOG_ASPECT_GOOD,
              "%llu header%s %sin the tree of %llu event%s, %llu payload%s, %llu private field%s, %llu artifact%s",
              (unsigned long long)n->headers, text_s(n->headers), c->manifest.sparse ? "" : "in a chain and ",
              (unsigned long long)n->head.size, text_s(n->head.size), (unsigned long long)n->disclosed,
              text_s(n->disclosed), (unsigned long long)n->private_, text_s(n->private_), (unsigned long long)n->artifacts,
              text_s(n->artifacts));
    say_seals(c);
    check_trust_end(c);
    say_completeness(c);
    check_authors_end(c);
    say_erasures(c);
    check_gaps_end(c);
}

int check_init(struct checking *c, unsigned aspects, struct err *err) {
    buf_init(&c->note, NOTE_MAX);
    buf_init(&c->entries, BUNDLE_ENTRIES_MAX);
    buf_init(&c->header, EVENT_HEADER_MAX + 4);
    buf_init(&c->payload, EVENT_PAYLOAD_MAX + 4);
    buf_init(&c->field, EVENT_PRIVATE_MAX + 4);
    buf_init(&c->pairs, EVENT_PRIVATE_MAX);
    buf_init(&c->private_, EVENT_PRIVATE_MAX + 8);
    c->head = malloc(sizeof(*c->head));
    c->other = malloc(sizeof(*c->other));
    c->digests = hash_new();
    c->sums = hash_new();
    int rc = c->head == NULL || c->other == NULL || c->digests == NULL || c->sums == NULL
                 ? err_set(err, ERR_NOMEM, "out of memory")
                 : 0;
    if (rc == 0) rc = crypt_init(err);
    report_begin(c->report, aspects, LOG_ASPECT_UNCHECKED, "not checked");
    return rc;
}

void check_done(struct checking *c) {
    scan_done(&c->scan);
    manifest_done(&c->manifest);
    check_states_free(c->states);
    reading_free(c->reading);
    hash_free(c->digests);
    hash_free(c->sums);
    buf_done(&c->note);
    buf_done(&c->entries);
    buf_done(&c->header);
    buf_done(&c->payload);
    buf_done(&c->field);
    buf_done(&c->pairs);
    buf_done(&c->private_);
    free(c->head);
    free(c->other);
    free(c->epoch);
    free(c->signer);
    free(c->erased);
    free(c->fields);
    free(c->author_key);
    free(c->seen);
}

/* Failures that say nothing about the bundle. */
static bool is_outside(const struct checking *c, int rc) {
    return c == NULL || c->reading == NULL || c->ended_by_caller || err_is_system(rc);
}

int export_verify(int fd, const struct export_verify_options *options, struct export_report *ret, struct err *err) {
    struct reading_options reading = {options->stop, options->progress, options->progress_ctx};
    struct checking *c = calloc(1, sizeof(*c));
    struct export_report *report = calloc(1, sizeof(*report));
    struct err why = {0};
    int rc = c == NULL || report == NULL ? err_set(&why, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0) {
        c->options = options;
        c->found = report;
        c->report = &report->log;
        c->rule = "B2";
        rc = check_init(c, REPORT_OF_BUNDLE, &why);
        if (rc == 0) rc = reading_new(fd, &reading, &c->reading, &why);
        if (rc == 0) {
            scan_init(&c->scan, c->reading);
        }
        if (rc == 0) rc = check_all(c, &why);
    }
    bool judged = rc == 0 || !is_outside(c, rc);
    if (rc == 0) {
        say_all(c);
        if (options->question != NULL && report->log.verdict != LOG_INVALID) {
            question_end(options->question, &c->manifest, &c->log);
        }
    } else if (judged && report->log.n_findings == 0) { /* a parse error */
        const char *container = c->reading == NULL ? NULL : reading_rule(c->reading);
        check_fault(c, container != NULL ? container : c->rule, LOG_CONTAINER, LOG_NO_SEQ, "%s", why.msg);
    }
    if (judged) {
        *ret = *report;
    } else if (err != NULL) {
        *err = why;
    }
    if (c != NULL) {
        check_done(c);
    }
    free(c);
    free(report);
    return judged ? 0 : rc;
}

bool export_looks_like(const char *path) {
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    uint8_t block[USTAR_BLOCK];
    char name[USTAR_NAME_MAX + 1];
    uint64_t size;
    FILE *file = fopen(path, "rbe");
    size_t n = file == NULL ? 0 : fread(block, 1, sizeof(block), file);
    if (file != NULL) {
        fclose(file);
    }
    return (n >= sizeof(magic) && memcmp(block, magic, sizeof(magic)) == 0) ||
           (n == sizeof(block) && ustar_parse(block, name, &size, NULL) == 0 && strcmp(name, BUNDLE_MANIFEST) == 0);
}
