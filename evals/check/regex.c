/* The PCRE2 door.
 *
 * PCRE2's own limits count how often it begins to match something, not how far it reads each time: "a*+b" reads a long text once
 * from each of its places. So each pattern is compiled with a callout before each of its items, and there the work is
 * counted: one for the item, one for each character since the item before, and where the pattern has references back,
 * the length of what they may compare. PCRE2's limits on matches, depth and memory hold beside that. Nothing is
 * compiled to machine code. The library is loaded at its first use (decision 017). */
#include "evals/check/regex.h"

#include <dlfcn.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/text.h"

#define FUNCTIONS(X)                                                                                                       \
    X(pcre2_compile_context_create_8)                                                                                      \
    X(pcre2_compile_context_free_8)                                                                                        \
    X(pcre2_set_newline_8)                                                                                                 \
    X(pcre2_compile_8)                                                                                                     \
    X(pcre2_code_free_8)                                                                                                   \
    X(pcre2_get_error_message_8)                                                                                           \
    X(pcre2_pattern_info_8)                                                                                                \
    X(pcre2_match_context_create_8)                                                                                        \
    X(pcre2_match_context_free_8)                                                                                          \
    X(pcre2_set_match_limit_8)                                                                                             \
    X(pcre2_set_depth_limit_8)                                                                                             \
    X(pcre2_set_heap_limit_8)                                                                                              \
    X(pcre2_set_callout_8)                                                                                                 \
    X(pcre2_match_data_create_8)                                                                                           \
    X(pcre2_match_data_free_8)                                                                                             \
    X(pcre2_match_8)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

struct regex {
    struct functions f;
    void *library;
    pcre2_code_8 *code;
    bool compares; /* it has references back */
};

/* What one search has spent. */
struct spent {
    uint64_t left;
    size_t at;
    bool compares;
};

static int load(struct functions *f, void **ret_library, struct err *err) {
    void *library = dlopen("libpcre2-8.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return err_set(err, ERR_IO, "regular expressions need PCRE2, which is not installed (Debian package libpcre2-8-0)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(library, #name);                                                                              \
        if (symbol == NULL) {                                                                                              \
            dlclose(library);                                                                                              \
            return err_set(err, ERR_IO, "libpcre2-8 has no %s", #name);                                                    \
        }                                                                                                                  \
        memcpy(&f->name, &symbol, sizeof(symbol));                                                                         \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    *ret_library = library;
    return 0;
}

/* ---- compiling ------------------------------------------------------------------------------------------------------ */

static int compile(struct regex *regex, struct bytes pattern, bool ignore_case, struct err *err) {
    const struct functions *f = &regex->f;
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT | (ignore_case ? PCRE2_CASELESS : 0);
    uint32_t back = 0;
    int number = 0;
    PCRE2_SIZE offset = 0;
    char text[160] = "";
    pcre2_compile_context_8 *context = f->pcre2_compile_context_create_8(NULL);
    if (context == NULL) return err_set(err, ERR_NOMEM, "regular expression: out of memory");
    f->pcre2_set_newline_8(context, PCRE2_NEWLINE_LF);
    regex->code =
        f->pcre2_compile_8(pattern.n > 0 ? pattern.p : (const uint8_t *)"", pattern.n, options, &number, &offset, context);
    f->pcre2_compile_context_free_8(context);
    if (regex->code == NULL) {
        if (number == PCRE2_ERROR_HEAP_FAILED) return err_set(err, ERR_NOMEM, "regular expression: out of memory");
        f->pcre2_get_error_message_8(number, (PCRE2_UCHAR8 *)text, sizeof(text));
        return err_set(err, ERR_INVALID, "the pattern is not a regular expression: at byte %zu: %s", (size_t)offset + 1,
                       text);
    }
    f->pcre2_pattern_info_8(regex->code, PCRE2_INFO_BACKREFMAX, &back);
    regex->compares = back > 0;
    return 0;
}

int regex_compile(struct bytes pattern, bool ignore_case, struct regex **ret, struct err *err) {
    size_t valid = text_utf8_valid(pattern.p, pattern.n);
    if (valid < pattern.n) return err_set(err, ERR_INVALID, "the pattern is not valid UTF-8 at byte %zu", valid + 1);
    if (pattern.n > REGEX_PATTERN_MAX) {
        return err_set(err, ERR_INVALID, "the pattern has %zu bytes; at most %d are accepted", pattern.n,
                       REGEX_PATTERN_MAX);
    }
    struct regex *regex = calloc(1, sizeof(*regex));
    int rc = regex != NULL ? 0 : err_set(err, ERR_NOMEM, "regular expression: out of memory");
    if (rc == 0) rc = load(&regex->f, &regex->library, err);
    if (rc == 0) rc = compile(regex, pattern, ignore_case, err);
    if (rc != 0) {
        regex_free(regex);
        return rc;
    }
    *ret = regex;
    return 0;
}

void regex_free(struct regex *regex) {
    if (regex == NULL) return;
    if (regex->code != NULL) {
        regex->f.pcre2_code_free_8(regex->code);
    }
    if (regex->library != NULL) {
        dlclose(regex->library);
    }
    free(regex);
}

/* ---- searching ------------------------------------------------------------------------------------------------------ */

static int count_work(pcre2_callout_block_8 *block, void *ctx) {
    struct spent *spent = ctx;
    size_t at = block->current_position;
    uint64_t cost = 1 + (at > spent->at ? at - spent->at : spent->at - at);
    for (uint32_t i = 1; spent->compares && i < block->capture_top; i++) {
        size_t from = block->offset_vector[2 * i], to = block->offset_vector[2 * i + 1];
        cost += from != PCRE2_UNSET && to != PCRE2_UNSET && to > from ? to - from : 0;
    }
    spent->at = at;
    if (cost > spent->left) {
        spent->left = 0;
        return PCRE2_ERROR_CALLOUT;
    }
    spent->left -= cost;
    return 0;
}

static int ended(const struct functions *f, int rc, bool *ret, struct err *err) {
    char text[160] = "";
    switch (rc) {
    case PCRE2_ERROR_NOMATCH:
        *ret = false;
        return 0;
    case PCRE2_ERROR_CALLOUT:
        return err_set(err, ERR_LIMIT, "the pattern takes too long here: the limit on work (%llu) is reached",
                       (unsigned long long)REGEX_WORK_MAX);
    case PCRE2_ERROR_MATCHLIMIT:
        return err_set(err, ERR_LIMIT, "the pattern takes too long here: the match limit (%d) is reached", REGEX_MATCH_MAX);
    case PCRE2_ERROR_DEPTHLIMIT:
        return err_set(err, ERR_LIMIT, "the pattern goes too deep here: the depth limit (%d) is reached", REGEX_DEPTH_MAX);
    case PCRE2_ERROR_HEAPLIMIT:
        return err_set(err, ERR_LIMIT, "the pattern needs too much memory here: the heap limit (%d KiB) is reached",
                       REGEX_HEAP_MAX);
    case PCRE2_ERROR_NOMEMORY:
        return err_set(err, ERR_NOMEM, "regular expression: out of memory");
    default:
        break;
    }
    if (rc < 0) { /* recursion without end, and whatever else a pattern can ask for */
        f->pcre2_get_error_message_8(rc, (PCRE2_UCHAR8 *)text, sizeof(text));
        return err_set(err, ERR_LIMIT, "the pattern cannot be matched here: %s", text);
    }
    *ret = true;
    return 0;
}

int regex_find(const struct regex *regex, struct bytes text, uint64_t *work, bool *ret, struct err *err) {
    const struct functions *f = &regex->f;
    struct spent spent = {.left = *work, .compares = regex->compares};
    size_t valid = text_utf8_valid(text.p, text.n);
    if (text.n > REGEX_TEXT_MAX) {
        return err_set(err, ERR_LIMIT, "the text has %zu bytes; at most %zu are searched with a pattern", text.n,
                       REGEX_TEXT_MAX);
    }
    if (valid < text.n) return err_set(err, ERR_INVALID, "the text is not valid UTF-8 at byte %zu", valid + 1);
    pcre2_match_context_8 *context = f->pcre2_match_context_create_8(NULL);
    pcre2_match_data_8 *data = f->pcre2_match_data_create_8(1, NULL);
    int rc = context != NULL && data != NULL ? 0 : err_set(err, ERR_NOMEM, "regular expression: out of memory");
    if (rc == 0) {
        f->pcre2_set_match_limit_8(context, REGEX_MATCH_MAX);
        f->pcre2_set_depth_limit_8(context, REGEX_DEPTH_MAX);
        f->pcre2_set_heap_limit_8(context, REGEX_HEAP_MAX);
        f->pcre2_set_callout_8(context, count_work, &spent);
        rc = ended(f,
                   f->pcre2_match_8(regex->code, text.n > 0 ? text.p : (const uint8_t *)"", text.n, 0, PCRE2_NO_UTF_CHECK,
                                    data, context),
                   ret, err);
        *work = spent.left;
    }
    if (context != NULL) {
        f->pcre2_match_context_free_8(context);
    }
    if (data != NULL) {
        f->pcre2_match_data_free_8(data);
    }
    return rc;
}
