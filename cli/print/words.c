/* The door to gettext (decision 106).
 *
 * The language is that of LC_ALL, LC_MESSAGES or LANG, and $LANGUAGE goes before it, as gettext defines. The locale is not
 * made the process's own: it has the messages alone and holds only while a text is looked up, so numbers keep their point
 * and the words of strerror, which go into errors and into JSON, stay English.
 *
 * Where no other locale is installed, LC_ALL=C.UTF-8 LANGUAGE=de must do. glibc 2.36 takes $LANGUAGE then; others
 * treat every locale named "C." as English (its bug 16621). A territory that no one has leads to the same files under
 * another name. */
#include "cli/print/words.h"

#include "cli/call/cli.h"

#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOMAIN "ledger"
#define BARE   "C_ZZ.UTF-8"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t tongue; /* written once, under `once`; 0: English */

static bool is_dir(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The catalogues of this program: $LEDGER_LOCALE_DIR, else those of a build, which are beside it, else those installed with
 * it, under the same prefix. False: there are none. */
static bool find_catalogues(char ret[FILE_PATH_MAX]) {
    static const char *const places[] = {"locale", "../share/locale"};
    const char *given = cli_env("LEDGER_LOCALE_DIR");
    char self[FILE_PATH_MAX];
    if (given) return snprintf(ret, FILE_PATH_MAX, "%s", given) < FILE_PATH_MAX;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
    if (n <= 0 || n == (ssize_t)sizeof(self)) return false;
    for (; n > 0 && self[n - 1] != '/'; n--)
        ;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (snprintf(ret, FILE_PATH_MAX, "%.*s%s", (int)n, self, places[i]) < FILE_PATH_MAX && is_dir(ret)) return true;
    }
    return false;
}

static void begin(void) {
    char dir[FILE_PATH_MAX];
    locale_t own = newlocale(LC_MESSAGES_MASK, "", (locale_t)0);
    const char *name = own ? nl_langinfo_l(NL_LOCALE_NAME(LC_MESSAGES), own) : "";
    bool english = strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
    if (!english && (!own || strncmp(name, "C.", 2) == 0)) {
        locale_t bare = newlocale(LC_MESSAGES_MASK, BARE, (locale_t)0);
        if (bare) {
            if (own) {
                freelocale(own);
            }
            own = bare;
        }
    }
    if (own && !english && find_catalogues(dir) && bindtextdomain(DOMAIN, dir) &&
        bind_textdomain_codeset(DOMAIN, "UTF-8")) {
        tongue = own;
    } else if (own) {
        freelocale(own);
    }
}

const char *words(const char *english) {
    pthread_once(&once, begin);
    if (!tongue || *english == '\0') return english; /* the translation of "" is the catalogue's header */
    locale_t before = uselocale(tongue);
    const char *found = dgettext(DOMAIN, english);
    uselocale(before);
    return found;
}

const char *words_n(const char *singular, const char *plural, unsigned long n) {
    pthread_once(&once, begin);
    if (!tongue || *singular == '\0') return n == 1 ? singular : plural;
    locale_t before = uselocale(tongue);
    const char *found = dngettext(DOMAIN, singular, plural, n);
    uselocale(before);
    return found;
}
