/* A strict reader of lines: what it does not understand is an error of that line alone. */
#include "ingest/input/prometheus.h"

#include "base/json.h"
#include "base/mp.h"

#define VALUE_MAX 64

void prometheus_init(struct prometheus *p, struct bytes text) {
    *p = (struct prometheus){.left = text};
}

static bool is_letter(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip(struct bytes *t, size_t n) {
    t->p += n;
    t->n -= n;
}

static void skip_blanks(struct bytes *t) {
    while (t->n > 0 && (t->p[0] == ' ' || t->p[0] == '\t')) {
        skip(t, 1);
    }
}

static struct bytes take_name(struct bytes *t, bool colon) {
    struct bytes name = {t->p, 0};
    while (t->n > 0 &&
           (is_letter(t->p[0]) || (colon && t->p[0] == ':') || (name.n > 0 && t->p[0] >= '0' && t->p[0] <= '9'))) {
        name.n++;
        skip(t, 1);
    }
    return name;
}

/* Up to the next blank. */
static struct bytes take_word(struct bytes *t) {
    skip_blanks(t);
    struct bytes word = {t->p, 0};
    while (t->n > 0 && t->p[0] != ' ' && t->p[0] != '\t') {
        word.n++;
        skip(t, 1);
    }
    return word;
}

/* One label's value, from its quote to its quote. */
static bool skip_quoted(struct bytes *t) {
    if (t->n == 0 || t->p[0] != '"') return false;
    skip(t, 1);
    while (t->n > 0 && t->p[0] != '"') {
        bool escape = t->p[0] == '\\';
        if (escape && (t->n < 2 || (t->p[1] != '\\' && t->p[1] != '"' && t->p[1] != 'n'))) return false;
        skip(t, escape ? 2 : 1);
    }
    if (t->n == 0) return false;
    skip(t, 1);
    return true;
}

/* After the brace that opens; takes the one that closes. */
static bool take_labels(struct bytes *t, struct bytes *ret) {
    *ret = (struct bytes){t->p, 0};
    for (;;) {
        skip_blanks(t);
        if (t->n > 0 && t->p[0] == '}') break;
        if (take_name(t, false).n == 0) return false;
        skip_blanks(t);
        if (t->n == 0 || t->p[0] != '=') return false;
        skip(t, 1);
        skip_blanks(t);
        if (!skip_quoted(t)) return false;
        skip_blanks(t);
        if (t->n > 0 && t->p[0] == ',') {
            skip(t, 1);
        } else if (t->n == 0 || t->p[0] != '}') {
            return false;
        }
    }
    ret->n = (size_t)(t->p - ret->p);
    skip(t, 1);
    return true;
}

static bool is_special(struct bytes word) {
    static const char *const words[] = {"NaN", "Inf", "+Inf", "-Inf", "Infinity", "+Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (bytes_is(word, words[i])) return true;
    }
    return false;
}

/* A number as JSON has it, or with a plus before it. */
static bool take_number(struct bytes word, double *ret) {
    struct buf out = {.max = VALUE_MAX};
    struct mp_item item = {0};
    if (word.n > 1 && word.p[0] == '+') skip(&word, 1);
    bool digit = word.n > 0 && word.n < VALUE_MAX && (word.p[0] == '-' || (word.p[0] >= '0' && word.p[0] <= '9'));
    bool fine = digit && json_to_mp(word, &out, NULL) == 0 && mp_scalar(bytes_of_buf(&out), &item) == 0;
    if (fine && item.type == MP_UINT) {
        *ret = (double)item.uint;
    } else if (fine && item.type == MP_INT) {
        *ret = (double)item.sint;
    } else if (fine && item.type == MP_FLOAT) {
        *ret = item.real;
    } else {
        fine = false;
    }
    buf_done(&out);
    return fine;
}

/* "# TYPE name type"; other comments say nothing. */
static void take_comment(struct prometheus *p, struct bytes line) {
    skip(&line, 1);
    if (bytes_is(take_word(&line), "TYPE")) {
        p->typed = take_word(&line);
        p->type = take_word(&line);
    }
}

/* OpenMetrics types a counter by its name without _total. */
static bool is_counter(const struct prometheus *p, struct bytes name) {
    static const char total[] = "_total";
    size_t n = sizeof(total) - 1;
    bool ends = name.n > n && memcmp(name.p + name.n - n, total, n) == 0;
    struct bytes stem = {name.p, ends ? name.n - n : name.n};
    bool typed = bytes_eq(p->typed, name) || (ends && bytes_eq(p->typed, stem));
    return typed && !bytes_is(p->type, "untyped") && !bytes_is(p->type, "unknown") ? bytes_is(p->type, "counter") : ends;
}

static const char *take_sample(const struct prometheus *p, struct bytes line, struct prometheus_sample *ret) {
    double time = 0;
    *ret = (struct prometheus_sample){.name = take_name(&line, true)};
    if (ret->name.n == 0) return "does not begin with a name";
    skip_blanks(&line);
    if (line.n > 0 && line.p[0] == '{') {
        skip(&line, 1);
        if (!take_labels(&line, &ret->labels)) return "has labels that are not name=\"value\"";
    }
    struct bytes value = take_word(&line), stamp = take_word(&line);
    ret->special = is_special(value);
    if (!ret->special && !take_number(value, &ret->value)) return "has no value; expected: a number, NaN, +Inf or -Inf";
    bool exemplar = stamp.n > 0 && stamp.p[0] == '#';
    if (stamp.n > 0 && !exemplar && !take_number(stamp, &time)) return "has something after its value that is not a time";
    skip_blanks(&line);
    if (line.n > 0 && !exemplar && line.p[0] != '#') return "goes on after its time";
    ret->counter = is_counter(p, ret->name);
    return NULL;
}

int prometheus_next(struct prometheus *p, struct prometheus_sample *ret, struct err *err) {
    while (p->left.n > 0) {
        const uint8_t *lf = memchr(p->left.p, '\n', p->left.n);
        struct bytes line = {p->left.p, lf != NULL ? (size_t)(lf - p->left.p) : p->left.n};
        skip(&p->left, line.n + (lf != NULL));
        p->line++;
        if (line.n > 0 && line.p[line.n - 1] == '\r') line.n--;
        skip_blanks(&line);
        if (line.n == 0) continue;
        if (line.p[0] == '#') {
            take_comment(p, line);
            continue;
        }
        const char *wrong = take_sample(p, line, ret);
        return wrong == NULL ? 0 : err_set(err, ERR_INVALID, "metrics: line %llu %s", (unsigned long long)p->line, wrong);
    }
    return 1;
}
