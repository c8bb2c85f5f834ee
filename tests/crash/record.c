/* Preloaded: writes down every call by which a process changes files below a folder, with its data, once it is done. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define MOST_FILES 1024
static FILE *out;
static char below[4096];
static char watched[MOST_FILES];

/* From now on, what happens below `folder` is added to the file `log`. */
void record(const char *folder, const char *log) { strcpy(below, folder); out = fopen(log, "w"); }
/* A line of one's own. */
void mark(const char *text) { fprintf(out, "M %s\n", text); fflush(out); }

static int isBelow(const char *path) { return out && strncmp(path, below, strlen(below)) == 0; }
static int isWatched(int file) { return out && file >= 0 && file < MOST_FILES && watched[file]; }

static void written(int file, const void *data, ssize_t size, off_t where)
{
    const unsigned char *bytes = data;
    ssize_t at;
    int before = errno;
    if (size <= 0 || !isWatched(file))
        return;
    fprintf(out, "W %d %lld ", file, (long long) where);
    for (at = 0; at < size; at++)
        fprintf(out, "%02x", bytes[at]);
    fprintf(out, "\n");
    fflush(out);
    errno = before;
}

static int told(int result, const char *kind, int file, long long more)
{
    int before = errno;
    if (result == 0 && isWatched(file)) {
        fprintf(out, "%s %d %lld\n", kind, file, more);
        fflush(out);
    }
    errno = before;
    return result;
}

ssize_t write(int file, const void *data, size_t size)
{
    ssize_t done = REAL(write)(file, data, size);
    if (isWatched(file))
        written(file, data, done, lseek(file, 0, SEEK_CUR) - done);
    return done;
}
ssize_t pwrite(int file, const void *data, size_t size, off_t where)
{
    ssize_t done = REAL(pwrite)(file, data, size, where);
    written(file, data, done, where);
    return done;
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t where)
{
    ssize_t done = REAL(pwrite64)(file, data, size, where);
    written(file, data, done, where);
    return done;
}
int fsync(int file) { return told(REAL(fsync)(file), "S", file, 0); }
int fdatasync(int file) { return told(REAL(fdatasync)(file), "S", file, 0); }
int ftruncate(int file, off_t size) { return told(REAL(ftruncate)(file, size), "T", file, size); }
int ftruncate64(int file, off64_t size) { return told(REAL(ftruncate64)(file, size), "T", file, size); }
int close(int file)
{
    if (isWatched(file))
        watched[file] = 0;
    return REAL(close)(file);
}

static int moved(int result, const char *kind, const char *path, const char *to)
{
    int before = errno;
    if (result == 0 && isBelow(path)) {
        fprintf(out, "%s %s\t%s\n", kind, path, to);
        fflush(out);
    }
    errno = before;
    return result;
}
int rename(const char *path, const char *to) { return moved(REAL(rename)(path, to), "R", path, to); }
int link(const char *path, const char *to) { return moved(REAL(link)(path, to), "L", path, to); }
int unlink(const char *path) { return moved(REAL(unlink)(path), "U", path, ""); }

static int opened(int file, const char *path, int flags)
{
    int before = errno;
    if (file >= 0 && file < MOST_FILES && isBelow(path)) {
        watched[file] = 1;
        fprintf(out, "O %d %d %s\n", file, (flags & O_TRUNC) != 0, path);
        fflush(out);
    }
    errno = before;
    return file;
}
#define OPENS(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list more; \
        mode_t mode; \
        va_start(more, flags); \
        mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return opened(REAL(name)(path, flags, mode), path, flags); \
    }
OPENS(open)
OPENS(open64)
