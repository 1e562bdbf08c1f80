/* base/secret/secret.h: every kind of secret in every place where a log may have it, and ordinary lines in the same places.
 * A kind is a pattern whose secret part is between \1 and \2; a place writes a text in another way and reports where each
 * byte went. Everything is generated at run time from a seed, so that no file contains a secret. */
#include "base/text.h"
#include "tests/base/secret_sample.h"

enum { TEXT_MAX = 16384, SEEDS = 3, SHARE_MIN = 990 /* per thousand */ };

static const char *const KINDS[] = {
    "\1AKIA<b:16>\2",
    "aws_secret_access_key = \1<w:40>\2",
    "\1ghp_<w:36>\2",
    "\1github_pat_<w:22>_<w:59>\2",
    "\1glpat-<w:20>\2",
    "\1sk-<w:48>\2",
    "\1sk-proj-<t:74>T3BlbkFJ<t:74>\2",
    "\1sk-ant-api03-<t:93>AA\2",
    "\1hf_<a:34>\2",
    "\1xoxb-<d:12>-<d:13>-<w:24>\2",
    "https://hooks.slack.com/services/T<b:8>/B<b:8>/\1<w:24>\2",
    "\1sk_live_<w:24>\2",
    "\1AIza<t:35>\2",
    "\1ya29.<t:60>\2",
    "\1abC8Q~<w:34>\2",
    "AccountName=x;AccountKey=\1<w:86>==\2;EndpointSuffix=core.windows.net",
    "https://x.blob.example/c?sv=2022&ss=b&sig=\1<w:43>%3D\2",
    "\1eyJhbGciOiJIUzI1NiJ9.eyJ<w:40>.<w:43>\2",
    "-----BEGIN RSA PRIVATE KEY-----\n\1<w:64>\n<w:64>\2\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n\1<w:64>\n<w:64>\2\n-----END PGP PRIVATE KEY BLOCK-----",
    "machine h.example login joe password \1<w:14>\2",
    "https://joe:\1<w:16>\2@h.example/x",
    "Authorization: Basic \1<w:24>\2",
    "Authorization: Bearer \1<w:40>\2",
    "\1npm_<w:36>\2",
    "\1pypi-AgEIcHlwaS5vcmc<t:150>\2",
    "\1<d:9>1:AA<w:33>\2",
    "\1M<w:23>.<w:6>.<w:27>\2",
    "https://discord.com/api/webhooks/112233445566778899/\1<t:68>\2",
    "postgres://app:\1<w:18>\2@db.internal:5432/prod",
    "mongodb+srv://u:\1<w:18>\2@c.mongodb.net/",
    "redis://:\1<w:20>\2@r:6379/0",
    "users:\n- name: a\n  user:\n    token: \1<w:40>\2",
    "DB_PASSWORD=\1<w:16>\2\nFOO=bar",
    "mysql -u root -p\1<w:14>\2 db",
    "curl -u joe:\1<w:14>\2 https://x",
    "sshpass -p \1<w:12>\2 ssh h",
    "docker login -u joe -p \1<w:12>\2",
    "redis-cli -h r -a \1<w:12>\2 ping",
    "openssl rsa -in k -passin pass:\1<w:12>\2",
    "\1SG.<w:22>.<w:43>\2",
    "\1SK<h:32>\2",
    "\1AGE-SECRET-KEY-1<b:58>\2",
    "\1hvs.<t:92>\2",
    "{\"auths\": {\"https://r.example/v1/\": {\"auth\": \"\1<w:30>==\2\"}}}",
    "https://x-access-token:\1ghs_<w:36>\2@github.com/a/b",
    "\1"
    "4539578763621486\2",
    "\1"
    "4539 5787 6362 1486\2",
    "\1"
    "378282246310005\2",
    "\1GB82 WEST 1234 5698 7654 32\2",
    "\1"
    "DE89370400440532013000\2",
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n\1<w:48>\2",
    "PrivateKey = \1<w:43>=\2",
    "\1PRIVATE+KEY+example.org/log+01234567+<w:44>\2",
    "Cookie: sessionid=\1<w:32>\2; a=b",
    "joe:\1$apr1$<w:8>$<w:22>\2",
    "root:\1$6$<w:16>$<w:86>\2:19000:0:99999:7:::",
    "joe:\1$2y$10$<w:53>\2",
    "the wifi password is \1<w:12>7\2",
    "export GITHUB_TOKEN=\1<h:40>\2",
    "OLLAMA_API_KEY=\1<h:32>.<w:24>\2",
    "\1legal winner thank year wave sausage worth useful legal winner thank yellow\2",
    "connection_string=Server=h;Uid=joe;Pwd=\1<w:14>\2;",
    "psk=\"\1<w:12>\2\"",
    "password: \1Summer2024!\2",
    "password=\1correcthorse\2",
    "host h\nsmtp_password \1Tr0ub4dor3x\2\nport 25",
    "{\"password\": \"\1<d:8>\2\"}",
    "password=\1<d:8>\2",
};

struct text {
    size_t n, center; /* the part of the secret that is searched for */
    char p[TEXT_MAX];
};

static void fill(const char *pattern, unsigned seed, struct text *ret) {
    static const char names[] = "hdbawst";
    static const char *const alphabets[] = {SAMPLE_HEX,   SAMPLE_DIGITS, SAMPLE_BASE32, SAMPLE_ALPHA,
                                            SAMPLE_ALNUM, SAMPLE_BASE64, SAMPLE_TOKEN};
    size_t from = 0, to = 0;
    ret->n = 0;
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '\1') {
            from = ret->n;
        } else if (*p == '\2') {
            to = ret->n;
        } else if (*p == '<' && p[1] != '\0' && p[2] == ':') {
            size_t m = strtoul(p + 3, NULL, 10);
            sample_random(ret->p + ret->n, m, alphabets[strchr(names, p[1]) - names], seed * 131 + (unsigned)ret->n);
            ret->n += m;
            p = strchr(p, '>');
        } else {
            ret->p[ret->n++] = *p;
        }
    }
    ret->center = from + (to - from) / 2;
}

/* ---- places ------------------------------------------------------------------------------------------------------- */

typedef void place_fn(const struct text *in, struct text *out);

static void around(const struct text *in, struct text *out, const char *before, const char *after) {
    out->n = (size_t)snprintf(out->p, TEXT_MAX, "%s%.*s%s", before, (int)in->n, in->p, after);
    out->center = strlen(before) + in->center;
}

static void plain(const struct text *in, struct text *out) {
    around(in, out, "", "");
}

static void embedded(const struct text *in, struct text *out) {
    around(in, out, "see here: ", " and so on.");
}

static void coloured(const struct text *in, struct text *out) {
    around(in, out, "found \x1b[01;31m\x1b[K", "\x1b[m\x1b[K");
}

static void coloured_in_words(const struct text *in, struct text *out) {
    around(in, out, "found \\u001b[32m", "\\u001b[0m");
}

static void entities(const struct text *in, struct text *out) {
    around(in, out, "value=&quot;", "&quot;");
}

static void behind_an_escape(const struct text *in, struct text *out) {
    around(in, out, "{\\u0022", "\\u0022}");
}

/* Each byte as two hex digits between signs; `all`: even those that need no escape. */
static void each(const struct text *in, struct text *out, const char *before, const char *behind, bool all) {
    out->n = 0;
    for (size_t i = 0; i < in->n; i++) {
        uint8_t c = (uint8_t)in->p[i];
        bool as_is = !all && (secret_class(c) & (SET_TOKEN | SET_DOT)) != 0;
        out->center = i == in->center ? out->n : out->center;
        if (as_is) {
            out->p[out->n++] = (char)c;
        } else {
            out->n += (size_t)snprintf(out->p + out->n, TEXT_MAX - out->n, "%s%02x%s", before, c, behind);
        }
    }
}

static void percent(const struct text *in, struct text *out) {
    each(in, out, "%", "", false);
}

static void percent_all(const struct text *in, struct text *out) {
    each(in, out, "%", "", true);
}

static void unicode(const struct text *in, struct text *out) {
    each(in, out, "\\u00", "", true);
}

static void entity_all(const struct text *in, struct text *out) {
    each(in, out, "&#x", ";", true);
}

static void hexadecimal(const struct text *in, struct text *out) {
    each(in, out, "", "", true);
}

static void base64_of(const struct text *in, struct text *out, const char *before, const char *after) {
    struct buf text, coded;
    buf_init(&text, TEXT_MAX);
    buf_init(&coded, TEXT_MAX);
    buf_printf(&text, "%s%.*s%s", before, (int)in->n, in->p, after);
    assert_int_equal(text_base64(&coded, text.p, text.n), 0);
    memcpy(out->p, coded.p, coded.n);
    out->n = coded.n;
    out->center = (strlen(before) + in->center) / 3 * 4 + 1;
    buf_done(&text);
    buf_done(&coded);
}

static void base64(const struct text *in, struct text *out) {
    base64_of(in, out, "", "");
}

static void base64_middle(const struct text *in, struct text *out) {
    base64_of(in, out, "xx ", " yy");
}

static void json_string(const struct text *in, struct text *out) {
    out->n = (size_t)snprintf(out->p, TEXT_MAX, "{\"x\": {\"y\": \"");
    for (size_t i = 0; i < in->n; i++) {
        out->center = i == in->center ? out->n : out->center;
        if (in->p[i] == '\n' || in->p[i] == '"') {
            out->p[out->n++] = '\\';
        }
        out->p[out->n++] = in->p[i] == '\n' ? 'n' : in->p[i];
    }
    out->n += (size_t)snprintf(out->p + out->n, TEXT_MAX - out->n, "\"}}");
}

/* With a zero-width space in its middle; the part after it is searched for. */
static void broken(const struct text *in, struct text *out) {
    out->n = (size_t)snprintf(out->p, TEXT_MAX, "%.*s\xe2\x80\x8b%.*s", (int)in->center, in->p, (int)(in->n - in->center),
                              in->p + in->center);
    out->center = in->center + 3;
}

static const struct {
    const char *name;
    place_fn *put;
} PLACES[] = {
    {"plain", plain},
    {"embedded", embedded},
    {"coloured", coloured},
    {"coloured in words", coloured_in_words},
    {"entities", entities},
    {"behind an escape", behind_an_escape},
    {"percent", percent},
    {"all percent", percent_all},
    {"unicode", unicode},
    {"all entities", entity_all},
    {"hex", hexadecimal},
    {"base64", base64},
    {"in the middle of base64", base64_middle},
    {"JSON in a string", json_string},
    {"broken by a zero-width space", broken},
};

static bool is_covered(const struct text *text) {
    struct secret_hit hit;
    bool found = false;
    for (size_t at = 0; !found && secret_next((struct bytes){(const uint8_t *)text->p, text->n}, at, &hit) == 0;) {
        at = hit.at + hit.n;
        found = hit.at <= text->center && text->center < at;
    }
    return found;
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

static void nearly_every_secret_is_masked_in_every_place(void **state) {
    static struct text in, out;
    size_t all = 0, masked = 0;
    (void)state;
    for (size_t p = 0; p < COUNT(PLACES); p++) {
        size_t of_place = 0, here = 0;
        for (size_t k = 0; k < COUNT(KINDS); k++) {
            for (unsigned seed = 1; seed <= SEEDS; seed++) {
                fill(KINDS[k], seed, &in);
                PLACES[p].put(&in, &out);
                bool covered = is_covered(&out);
                if (!covered && seed == 1) {
                    print_message("kept, %s: %.*s\n", PLACES[p].name, (int)(in.n < 60 ? in.n : 60), in.p);
                }
                expect_stable(out.p, out.n);
                of_place++;
                here += covered;
            }
        }
        if (here * 100 < of_place * 95) {
            fail_msg("%s: %zu of %zu are masked", PLACES[p].name, here, of_place);
        }
        all += of_place;
        masked += here;
    }
    print_message("%zu of %zu are masked\n", masked, all);
    assert_true(masked * 1000 >= all * SHARE_MIN);
}

/* In a line, "\n" stands for a line feed. */
static bool read_line(FILE *file, struct text *ret) {
    char line[4096];
    if (fgets(line, sizeof(line), file) == NULL) return false;
    ret->n = 0;
    for (const char *p = line; *p != '\0' && *p != '\n'; p++) {
        bool end = p[0] == '\\' && p[1] == 'n' && p[2] == '\\';
        ret->p[ret->n++] = end ? '\n' : *p;
        p += end ? 2 : 0;
    }
    ret->center = ret->n / 2;
    return true;
}

static void ordinary_lines_are_left_alone_in_every_place(void **state) {
    static struct text in, out;
    size_t lines = 0;
    (void)state;
    FILE *file = fopen("tests/base/fixtures/ordinary.txt", "r");
    assert_non_null(file);
    while (read_line(file, &in)) { /* but none that splits "$PASSWORD" */
        for (size_t p = 0; p < COUNT(PLACES) - 1; p++) {
            PLACES[p].put(&in, &out);
            expect_none(out.p, out.n);
        }
        lines++;
    }
    fclose(file);
    assert_true(lines > 200);
}

static void digests_and_numbers_of_any_value_are_left_alone_in_every_place(void **state) {
    static struct text in, out;
    static const char *const patterns[] = {
        "sha256:<h:64>",
        "<h:64>",
        "<h:40> refs/heads/main",
        "<h:8>-<h:4>-4<h:3>-a<h:3>-<h:12>",
        "call_<w:24>",
        "toolu_01<w:22>",
        "chatcmpl-<w:29>",
        "msg_01<w:22>",
        "{\"id\":\"<h:32>\",\"n\":<d:15>}",
        "{\"at\":1<d:18>,\"ns\":<d:16>}",
        "traceparent: 00-<h:32>-<h:16>-01",
        "data:application/octet-stream;base64,<s:200>",
        "<s:64>",
        "sha512-<s:86>==",
        "seed: <d:10> 0.<d:16> -1.<d:15>",
        "bytes <d:8> <d:8> <d:6> <d:5>",
        "arn:aws:iam::<d:12>:role/Admin",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<s:43> joe@box",
        "{\"cache_key\":\"<h:64>\",\"session_id\":\"<w:20>\"}",
        "x-request-id: <h:32>",
        "\x1b[33mcommit <h:40>\x1b[m",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(patterns); i++) {
        for (unsigned seed = 0; seed < 60; seed++) {
            fill(patterns[i], seed, &in);
            for (size_t p = 0; p < COUNT(PLACES); p++) {
                PLACES[p].put(&in, &out);
                expect_none(out.p, out.n);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearly_every_secret_is_masked_in_every_place),
        cmocka_unit_test(ordinary_lines_are_left_alone_in_every_place),
        cmocka_unit_test(digests_and_numbers_of_any_value_are_left_alone_in_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
