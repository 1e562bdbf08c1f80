/* Subject and body agree, for every kind of the catalog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/kinds/subject.h"
#include "ledger/log.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct err why;

/* The message of the refusal; empty: it is accepted. */
static const char *append(const char *kind, const char *subject, const char *field, const char *text) {
    char json[300];
    struct log_draft draft;
    struct buf in, body, private_;
    uint32_t masked;
    buf_init(&in, 1 << 16);
    buf_init(&body, 1 << 16);
    buf_init(&private_, 1 << 16);
    memset(&why, 0, sizeof(why));
    snprintf(json, sizeof(json), "{\"%s\":\"%s\"}", field, text);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &in, &why), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&in);
    draft.force_private = true;
    log_draft_check(&draft, &body, &private_, &masked, &why);
    buf_done(&private_);
    buf_done(&body);
    buf_done(&in);
    return why.msg;
}

static bool is_contradiction(const char *words, const char *subject, const char *text) {
    return strstr(words, "expected: the same name in both") != NULL && strstr(words, subject) != NULL &&
           strstr(words, text) != NULL;
}

/* A subject of this form, in which each placeholder's value is its name; `of` gets what is in `field`'s place, if it has
 * one. */
static bool subject_of(const char *form, size_t n, const char *field, char ret[200], char of[100]) {
    size_t at = 0, family = strcspn(form, "/");
    bool there = false;
    for (size_t i = 0; i < n;) {
        if (form[i] != '<') {
            ret[at++] = form[i++];
            continue;
        }
        size_t end = i + strcspn(form + i, ">");
        char word[24], text[100];
        snprintf(word, sizeof(word), "%.*s", (int)(end - i - 1), form + i + 1);
        bool digest = strcmp(word, "digest") == 0;
        snprintf(text, sizeof(text), "%s%s", digest ? D1 : "the-", digest ? "" : word);
        if (strcmp(word, "seq") == 0) {
            snprintf(text, sizeof(text), "7");
        }
        bool name = strcmp(word, "name") == 0 || strcmp(word, "id") == 0;
        if (name ? strlen(field) == family && strncmp(field, form, family) == 0 : strcmp(field, word) == 0) {
            snprintf(of, 100, "%s", text);
            there = true;
        }
        at += (size_t)snprintf(ret + at, 200 - at, "%s", text);
        i = end + 1;
    }
    ret[at] = '\0';
    return there;
}

/* Every form of every kind, every text field of it. */
static void what_a_field_says_again_is_what_the_subject_says(void **state) {
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *kind = kind_at(i);
        for (size_t f = 0; f < kind->n_fields && strncmp(kind->name, "ledger.", 7) != 0; f++) {
            const struct kind_field *field = &kind->fields[f];
            if ((field->type != KIND_STR && field->type != KIND_DIGEST) || field->values != NULL) {
                continue;
            }
            for (const char *form = kind->subject; *form != '\0';) {
                const char *comma = strstr(form, ", "), * or = strstr(form, " or ");
                const char *end = comma != NULL ? comma : or != NULL ? or : form + strlen(form);
                char subject[200], of[100];
                bool digest = field->type == KIND_DIGEST,
                     says = subject_of(form, (size_t)(end - form), field->name, subject, of);
                says = says && (field->flags & KIND_APART) == 0;
                const char *other = append(kind->name, subject, field->name, digest ? D2 : "another");
                if (is_contradiction(other, subject, digest ? D2 : "another") != says) {
                    fail_msg("%s of %s: '%s'", field->name, kind->name, other);
                }
                if (says) {
                    refused++;
                    assert_null(strstr(append(kind->name, subject, field->name, of), "the same name in both"));
                }
                form = comma != NULL ? comma + 2 : or != NULL ? or +4 : end;
            }
        }
    }
    assert_in_range(refused, 60, 300);
}

static void a_holder_is_not_named_twice(void **state) {
    static const char *const kinds[] = {"permission.requested", "permission.granted", "permission.denied",
                                        "permission.decided",   "permission.expired", "permission.revoked",
                                        "permission.used"};
    static const char *const words[] = {"pack", "holder", "who", "subject"};
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            assert_true(is_contradiction(append(kinds[i], "pack/x", words[k], "pack/y"), "pack/x", "pack/y"));
            assert_null(strstr(append(kinds[i], "pack/x", words[k], "pack/x"), "the same name"));
        }
        assert_true(is_contradiction(append(kinds[i], "pack/x", "pack", "y"), "pack/x", "y"));
        assert_null(strstr(append(kinds[i], "tool/x", "pack", "y"), "the same name")); /* another fact */
    }
    assert_true(is_contradiction(append("permission.used", "tool/Bash", "tool", "Write"), "tool/Bash", "Write"));
}

static void some_names_go_on_and_some_are_hidden(void **state) {
    static const struct {
        const char *kind, *subject, *field, *text;
        bool same;
    } rows[] = {
        {"runtime.observed", "runtime/ollama@box:11434", "runtime", "ollama", true},
        {"runtime.observed", "runtime/ollama@box:11434", "runtime", "vllm", false},
        {"runtime.observed", "runtime/ollamas", "runtime", "ollama", false},
        {"install.installed", "package/dpkg/curl:amd64", "package", "curl", true},
        {"install.installed", "package/dpkg/curl:amd64", "package", "wget", false},
        {"install.installed", "package/dpkg/curl:amd64", "manager", "rpm", false},
        {"model.observed", "model/a/b:3b", "model", "a/b:3b", true},
        {"model.observed", "model/a/b:3b", "model", "a/b", false},
        {"model.observed", "model/" D1, "model", "a", true},
        {"model.observed", "model/" D1, "digest", D2, false},
        {"model.observed", "model/a", "digest", D2, true},
        {"permission.requested", "tool/hash-0123456789abcdef", "tool", "x", true},
        {"permission.requested", "tool/hash-012345", "tool", "x", false},
        {"permission.requested", "tool/unknown", "tool", "x", true},
        {"permission.requested", "pack/unknown", "pack", "x", false},
        {"pack.removed", "pack/x", "pack", "", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *words = append(rows[i].kind, rows[i].subject, rows[i].field, rows[i].text);
        if ((strstr(words, "the same name") == NULL) != rows[i].same) {
            fail_msg("%s %s=%s: '%s'", rows[i].subject, rows[i].field, rows[i].text, words);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_field_says_again_is_what_the_subject_says),
        cmocka_unit_test(a_holder_is_not_named_twice),
        cmocka_unit_test(some_names_go_on_and_some_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
