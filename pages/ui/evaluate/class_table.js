// A table of classes with a bar behind each share; a click on a column title sorts by that column.

function cell(value, column, locale) {
  const td = document.createElement("td");
  const digits = { minimumFractionDigits: column.digits, maximumFractionDigits: column.digits, useGrouping: "always" };
  td.textContent = typeof value === "number" ? value.toLocaleString(locale, digits) : value;
  if (column.digits !== undefined) td.style.setProperty("--share", `${100 * value}%`);
  return td;
}

export default function ({ data, parentElement }) {
  const table = parentElement.querySelector(".class-table");
  table.sorting ??= { by: 0, down: false };
  const draw = () => {
    const { by, down } = table.sorting;
    const rows = data.rows.map((row, place) => ({ row, key: by ? row[by] : place }));
    rows.sort((a, b) => (down ? b.key - a.key : a.key - b.key));
    const body = document.createElement("tbody");
    for (const { row } of [...rows, { row: data.mean }]) {
      const line = document.createElement("tr");
      line.append(...row.map((value, i) => cell(value, data.columns[i], data.locale)));
      body.append(line);
    }
    body.lastChild.className = "mean";
    const head = document.createElement("tr");
    head.append(...data.columns.map((column, i) => {
      const title = document.createElement("th");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = column.title + (i === by ? (down ? " ↓" : " ↑") : "");
      button.addEventListener("click", () => {
        table.sorting = { by: i, down: i === by ? !down : i > 0 };
        draw();
      });
      title.setAttribute("aria-sort", i !== by ? "none" : down ? "descending" : "ascending");
      title.append(button);
      return title;
    }));
    const top = document.createElement("thead");
    top.append(head);
    table.replaceChildren(top, body);
  };
  draw();
}
