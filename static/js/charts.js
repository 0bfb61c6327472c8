// Draws what stands in a table of the page. The table is the source and stays readable; a drawing
// has nothing that it has not.
(() => {
  const language = document.documentElement.lang || "en";
  const drawn = [];

  function read(box) {
    const table = document.getElementById(box.dataset.source);
    return [...table.querySelectorAll("tbody tr")].map((row) => {
      const cell = row.querySelector(`td[data-column="${box.dataset.column}"]`);
      const link = cell.querySelector("a");
      return {
        label: row.querySelector("th").dataset.short,
        title: row.querySelector("th").textContent.replace(/\s+/g, " ").trim(),
        value: cell.dataset.value === "" ? null : Number(cell.dataset.value),
        words: cell.textContent.trim(),
        url: link && link.href,
      };
    });
  }

  function colours(box) {
    const style = getComputedStyle(box);
    return {
      mark: style.color,
      line: style.borderTopColor,
      text: style.outlineColor,
      font: style.fontFamily,
    };
  }

  function ticks(isRate) {
    const options = isRate
      ? { style: "percent", maximumFractionDigits: 0 }
      : { notation: "compact", maximumFractionDigits: 1 };
    const format = new Intl.NumberFormat(language, options);
    return (value) => format.format(value);
  }

  function settings(box) {
    const rows = read(box);
    const kind = box.dataset.chart;
    const isRate = box.dataset.column === "rate";
    const tone = colours(box);
    const axis = { color: tone.text, font: { family: tone.font, size: 11 } };
    return {
      type: kind,
      data: {
        labels: rows.map((row) => row.label),
        datasets: [
          {
            data: rows.map((row) => row.value),
            backgroundColor: tone.mark,
            borderColor: tone.mark,
            borderWidth: kind === "line" ? 2 : 0,
            borderRadius: kind === "bar" ? 2 : 0,
            pointRadius: kind === "line" ? 2 : 0,
            pointHitRadius: 12,
            spanGaps: false,
            tension: 0,
          },
        ],
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        onClick: (_event, hits) => {
          if (hits.length && rows[hits[0].index].url) location.assign(rows[hits[0].index].url);
        },
        plugins: {
          legend: { display: false },
          tooltip: {
            displayColors: false,
            callbacks: {
              title: (items) => rows[items[0].dataIndex].title,
              label: (item) => rows[item.dataIndex].words,
            },
          },
        },
        scales: {
          x: { grid: { display: false }, border: { color: tone.line }, ticks: { ...axis, maxRotation: 0, autoSkipPadding: 12 } },
          y: {
            beginAtZero: !isRate,
            suggestedMin: isRate ? 0.6 : undefined,
            max: isRate ? 1 : undefined,
            grid: { color: tone.line },
            border: { display: false },
            ticks: { ...axis, maxTicksLimit: 5, callback: ticks(isRate) },
          },
        },
      },
    };
  }

  function draw() {
    while (drawn.length) drawn.pop().destroy();
    for (const box of document.querySelectorAll("[data-chart]")) {
      drawn.push(new window.Chart(box.querySelector("canvas"), settings(box)));
    }
  }

  draw();
  document.addEventListener("comptoir:theme", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
