/* By magic bytes, then by names that only one format has, then by the layout of its JSON. */
#include "ingest/driver/recognize.h"

#include <stdlib.h>
#include <string.h>

#include "base/archive/gz.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"

#define NEEDLES_MAX 4
#define HEAD_MAX    ((size_t)64 << 10)

static const struct look {
    const char *source, *words, *advice, *needles[NEEDLES_MAX + 1];
} looks[] = {
#define LOOK(source, words, advice, ...) {source, words, advice, {__VA_ARGS__}},
#include "ingest/driver/recognize.def"
#undef LOOK
};

static const struct magic {
    const char *words;
    size_t at, n;
    const char *bytes;
} magics[] = {
    {"a GGUF file (a model's weights); read it with: ledger ingest weights", 0, 4, "GGUF"},
    {"a safetensors file (a model's weights); read it with: ledger ingest weights", 8, 2, "{\""},
    {"data compressed by zstd; decompress it first: zstd -d", 0, 4, "\x28\xb5\x2f\xfd"},
    {"data compressed by xz; decompress it first: xz -d", 0, 6,
     "\xfd"
     "7zXZ\0"},
    {"data compressed by bzip2; decompress it first: bzip2 -d", 0, 3, "BZh"},
    {"a ZIP archive; a log of Inspect is read with: ledger ingest inspect", 0, 4, "PK\x03\x04"},
    {"a tar archive", 257, 5, "ustar"},
    {"a PDF document", 0, 5, "%PDF-"},
    {"an SQLite database", 0, 15, "SQLite format 3"},
    {"a Parquet file", 0, 4, "PAR1"},
    {"a program (ELF)", 0, 4,
     "\x7f"
     "ELF"},
    {"text in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", 0, 2, "\xff\xfe"},
    {"text in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", 0, 2, "\xfe\xff"},
};

static bool holds(struct bytes head, const char *needle) {
    return memmem(head.p, head.n, needle, strlen(needle)) != NULL;
}

static bool is_magic(struct bytes head, struct buf *out) {
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];
        bool fits = head.n >= m->at + m->n && memcmp(head.p + m->at, m->bytes, m->n) == 0;
        if (fits && (m->at != 8 || memchr(head.p, '\0', 8) != NULL)) { /* a length of 8 bytes, little-endian */
            buf_printf(out, "looks like %s", m->words);
            return true;
        }
    }
    return false;
}

static const struct look *find(struct bytes head) {
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        size_t n = 0;
        while (looks[i].needles[n] != NULL && holds(head, looks[i].needles[n])) {
            n++;
        }
        if (looks[i].needles[n] == NULL) return &looks[i];
    }
    return NULL;
}

static void put_look(const struct look *look, const char *path, struct buf *out) {
    bool named = strcmp(path, "-") != 0;
    buf_printf(out, "looks like %s", look->words);
    if (look->source[0] != '\0') {
        buf_printf(out, "; read it with: ledger ingest %s%s%s", look->source, named ? " " : "",
                   named ? SECRET_SHOWN(bytes_of(path)) : "");
    } else {
        buf_printf(out, "; %s", look->advice);
    }
}

bool recognize_words(struct bytes head, const char *path, struct buf *out) {
    const struct look *look = find(head);
    bool binary = head.n > 0 && memchr(head.p, '\0', head.n) != NULL;
    if (is_magic(head, out)) return true;
    if (look != NULL) {
        put_look(look, path, out);
    } else if (binary) {
        buf_printf(out, "looks like binary data");
    }
    return look != NULL || binary;
}

static struct bytes without_blanks(struct bytes t) {
    if (bytes_has_prefix(t, "\xef\xbb\xbf")) {
        t.p += 3;
        t.n -= 3;
    }
    while (t.n > 0 && (t.p[0] == ' ' || t.p[0] == '\t' || t.p[0] == '\r' || t.p[0] == '\n')) {
        t.p++;
        t.n--;
    }
    return t;
}

/* The text up to its first LF is JSON by itself. */
static bool first_line_is_json(struct bytes t) {
    const uint8_t *lf = memchr(t.p, '\n', t.n);
    struct buf out = {.max = HEAD_MAX * 3};
    int rc = json_to_mp((struct bytes){t.p, lf != NULL ? (size_t)(lf - t.p) : t.n}, &out, NULL);
    buf_done(&out);
    return rc == 0;
}

/* How many lines the content has; 0: unknown. */
static uint64_t count_lines(const char *path) {
    struct gz *gz = NULL;
    uint64_t lines = 0;
    uint8_t last = '\n', *block = malloc(HEAD_MAX);
    int rc = block != NULL && strcmp(path, "-") != 0 ? gz_open(path, GZ_REGULAR, UINT64_MAX, &gz, NULL) : ERR_NOTFOUND;
    while (rc == 0 && !gz_at_end(gz)) {
        size_t n = 0;
        rc = gz_read(gz, block, HEAD_MAX, &n, NULL);
        for (const uint8_t *p = block; (p = memchr(p, '\n', (size_t)(block + n - p))) != NULL; p++) {
            lines++;
        }
        last = n > 0 ? block[n - 1] : last;
    }
    gz_close(gz);
    free(block);
    return rc == 0 ? lines + (last != '\n') : 0;
}

/* JSON that is not one object per line: the second line of a document does not begin another one. */
static bool is_document(struct bytes head, const char *path, struct buf *out) {
    struct bytes t = without_blanks(head);
    const uint8_t *lf = t.n > 0 ? memchr(t.p, '\n', t.n) : NULL;
    bool array = t.n > 0 && t.p[0] == '[';
    bool over = lf != NULL && lf + 1 < t.p + t.n && (array || lf[1] != '{') && !first_line_is_json(t);
    if (t.n == 0 || (!array && !(over && t.p[0] == '{'))) return false;
    uint64_t lines = over ? count_lines(path) : 0;
    buf_printf(out, "is one JSON %s", array ? "array" : "document");
    if (lines > 1) {
        buf_printf(out, " over %llu lines", (unsigned long long)lines);
    } else if (over) {
        buf_printf(out, " over several lines");
    }
    buf_printf(out, "; JSON Lines needs one object per line: jq -c %s%s%s", array ? "'.[]'" : ".",
               strcmp(path, "-") == 0 ? "" : " ", strcmp(path, "-") == 0 ? "" : SECRET_SHOWN(bytes_of(path)));
    return true;
}

static bool has_line(struct bytes head, bool (*is_line)(struct bytes line, bool alone)) {
    bool alone = memchr(head.p, '\n', head.n) == NULL;
    while (head.n > 0) {
        const uint8_t *lf = memchr(head.p, '\n', head.n);
        struct bytes line = {head.p, lf != NULL ? (size_t)(lf - head.p) : head.n};
        if (is_line(line, alone)) return true;
        size_t taken = line.n + (lf != NULL);
        head = (struct bytes){head.p + taken, head.n - taken};
    }
    return false;
}

static bool is_own(struct bytes head, const struct recognize_own *own, const char *source) {
    const struct look *look = find(head);
    for (size_t i = 0; own->marks != NULL && own->marks[i] != NULL; i++) {
        if (holds(head, own->marks[i])) return true;
    }
    return (own->is_line != NULL && has_line(head, own->is_line)) ||
           (look != NULL && bytes_has_prefix(bytes_of(look->source), source));
}

int recognize_input(struct intake *run, struct gz *gz, const char *path, const struct recognize_own *own, bool *ret_foreign,
                    struct err *err) {
    const struct ingest_place place = {.file = path};
    struct bytes head;
    struct buf reason = {.max = ERR_MSG_MAX};
    int rc = gz_peek(gz, intake_options(run)->stop, &head, err);
    if (rc != 0) {
        err_prefix(err, "%s", path);
        return rc;
    }
    buf_printf(&reason, "this ");
    bool known = false, foreign = head.n > 0 && !is_own(head, own, intake_source(run));
    if (foreign) {
        known = recognize_words(head, path, &reason);
        foreign = known || (own->lines && is_document(head, path, &reason));
    }
    if (known) {
        buf_printf(&reason, "; expected: %s", own->wanted);
    }
    if (foreign && buf_put(&reason, "", 1) == 0) {
        rc = intake_reject(run, &place, NULL, (const char *)reason.p);
        *ret_foreign = true;
    }
    buf_done(&reason);
    return rc;
}
