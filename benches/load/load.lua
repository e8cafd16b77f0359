-- Sends the tokens of a file in their order, and begins again after the last one. The file is the
-- first argument after `--`, and has a token a line.

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

-- Requests are made before the run, so that making them takes no time of it.
function init(arguments)
    requests = {}
    for token in io.lines(arguments[1]) do
        wrk.headers["Authorization"] = "Bearer " .. token
        table.insert(requests, wrk.format("GET", "/orders"))
    end
    count = #requests
    sent = 0
end

function request()
    sent = sent + 1
    return requests[(sent - 1) % count + 1]
end

-- One line of JSON. Durations are in microseconds. wrk counts each status over 399 as an error.
function done(summary, latency)
    local asked = 0
    for _, thread in ipairs(threads) do
        asked = asked + thread:get("sent")
    end
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"sent":%d,"duration_us":%d,"over_399":%d,"broken":%d,',
        summary.requests, asked, summary.duration, errors.status,
        errors.connect + errors.read + errors.write))
    io.write(string.format(
        '"p50_us":%d,"p99_us":%d}\n',
        latency:percentile(50.0), latency:percentile(99.0)))
end
