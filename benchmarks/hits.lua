-- What wrk asks for: one path of a file after another, by agents such as call, from addresses such as theirs.
local paths, agents, languages = {}, {}, { "de-DE,de;q=0.9,en;q=0.8", "en-US,en;q=0.9", "fr-FR,fr;q=0.9" }
local position, ready, pause = 0, {}, 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  for line in io.lines(args[2]) do agents[#agents + 1] = line end
  pause = tonumber(args[3])
  math.randomseed(7)
  for i = 1, 997 do
    ready[i] = {
      ["User-Agent"] = agents[1 + i % #agents],
      ["Accept-Language"] = languages[1 + i % #languages],
      ["X-Forwarded-For"] = string.format("93.%d.%d.%d", i % 200, math.random(1, 250), math.random(1, 250)),
    }
  end
end

function request()
  position = position + 1
  return wrk.format("GET", paths[1 + (position - 1) % #paths], ready[1 + position % #ready])
end

function delay()
  return pause
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "most_ms": %.2f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
