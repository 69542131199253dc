"""The HTTP service: `byhand serve` for programs, `byhand lab` for the page in `byhand.web`.

::

    config.py                   settings and limits
    serving.py, protocol.py     the socket, shutdown; limits of connections
    app.py                      the application: routes, middleware, the page's files, the OpenAPI document
    access.py, middleware.py    who may use it; body limits, request log and security headers
    log.py, metrics.py          lines of JSON; counters
    responses.py, schemas.py    JSON and RFC 9457 problems; the models of every request and response
    uploads.py                  pictures and pixels from request bodies
    pool.py, worker.py          processes that read pictures, from outside and inside; preload.py, what they share
    tasks.py                    what they do
    runtime.py                  the shared state: threads, reading processes, model registry
    registry.py, arrays.py      the networks; arrays as JSON, and the weights into each unit
    trainings.py, progress.py   training processes (job.py); the progress of any run
    routes/                     one file for each part of the interface
"""
