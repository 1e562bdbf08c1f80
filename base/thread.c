/* A new thread inherits the signal mask of the thread that starts it. */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx) {
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT};
    sigset_t mask, before;
    sigfillset(&mask);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        sigdelset(&mask, own[i]);
    }
    pthread_sigmask(SIG_SETMASK, &mask, &before);
    int rc = pthread_create(ret, NULL, run, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}
